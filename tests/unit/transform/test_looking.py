"""What is known, decided and predicted before a pixel is decoded."""

import hashlib
import time

import pytest
import pyvips
from msgspec.structs import replace

from imgsvc.errors import CorruptImage, ImageTooLarge, NotAnImage, SourceTooLarge
from imgsvc.model.formats import ImageFormat
from imgsvc.model.look import Theme
from imgsvc.model.spec import Output, Placeholder, TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.stream.base import FileRange
from imgsvc.transform import runtime
from imgsvc.transform.body import Body
from imgsvc.transform.cost import estimate_bytes
from imgsvc.transform.geometry import Size
from imgsvc.transform.loaders import open_page
from imgsvc.transform.looking import Looker, Plan
from imgsvc.transform.pipeline import Pipeline, Rendered
from imgsvc.transform.results import Head
from imgsvc.transform.theming import Sights
from imgsvc.vision.theming import PageTheming
from tests.support import pictures
from tests.unit.transform.bodies import KINDS, in_file, laid
from tests.unit.transform.logos import SVG_WITH_SCHEMES

SHOWN = TransformSpec(output=Output.PNG, width=20)


def looker(**settings) -> Looker:
    runtime.prepare()
    return Looker(Pipeline(TransformSettings(**settings), time.monotonic))


def planned(looker: Looker, body: Body, image_format: ImageFormat, spec: TransformSpec, sha256: str = "") -> Plan:
    return looker.plan(body, looker.header(body, image_format), spec, sha256)


@pytest.mark.parametrize("kind", KINDS)
def test_a_known_digest_is_not_computed_again(kind) -> None:
    """Whoever has hashed on the way in says so; else the source is hashed here."""
    data = pictures.jpeg()
    with laid(kind, data) as body:
        assert looker().inspect(body, "told").sha256 == "told"
        assert looker().inspect(body, None).sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("kind", KINDS)
def test_a_drawing_is_hashed_as_it_is_given_back(kind) -> None:
    """The digest that was told is that of something else."""
    with laid(kind, pictures.SVG) as body:
        found = looker().inspect(body, "told")
    assert isinstance(found.data, bytes)
    assert (found.sha256, found.size_bytes) == (hashlib.sha256(found.data).hexdigest(), len(found.data))


def test_a_large_drawing_is_refused_unread() -> None:
    """More than 1 MiB is not read, let alone parsed."""
    with in_file(pictures.SVG) as body:
        large = FileRange(body.descriptor, 0, 1024 * 1024 + 1)
        with pytest.raises(SourceTooLarge, match="1048576 bytes"):
            looker().inspect(large, None)
        with pytest.raises(SourceTooLarge, match="1048576 bytes"):
            looker().plan_drawing(large, SHOWN)


@pytest.mark.parametrize("image_format", [ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.AVIF])
def test_a_head_tells_what_the_header_says(image_format) -> None:
    """The rest of the file is not needed for it."""
    data = pictures.RASTERS[image_format](pictures.noise(400, 300))

    head = looker().inspect_head(data[:2000])

    assert head == Head(image_format, planned(looker(), data, image_format, SHOWN).info)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_read_of_the_header_is_handed_on(kind) -> None:
    """Whoever has inspected a source can plan without reading it again; a drawing has no such header."""
    data = pictures.oriented_jpeg(6)
    with laid(kind, data) as body:
        assert looker().inspect(body, None).info == looker().header(body, ImageFormat.JPEG)
    assert looker().inspect(pictures.SVG, None).info is None


@pytest.mark.parametrize(
    "data",
    [
        pictures.jpeg()[:20],
        pictures.png()[:20],
        pictures.avif()[:40],
        pictures.webp(pictures.noise())[:500],
        pictures.tiff()[:100],
        pictures.animation(ImageFormat.GIF),
        pictures.animation(ImageFormat.WEBP),
        pictures.ico(),
        pictures.bmp(),
    ],
)
def test_a_head_that_is_too_short_tells_nothing(data) -> None:
    """That is no error: the rest is to come. Nor are frames counted before the last has come."""
    assert looker().inspect_head(data).info is None


def test_a_head_settles_what_is_not_wanted() -> None:
    """What is no picture, a drawing of that size or too many pixels need not be waited for."""
    with pytest.raises(NotAnImage):
        looker().inspect_head(b"<!doctype html>" * 1000)
    with pytest.raises(SourceTooLarge, match="1048576 bytes"):
        looker().inspect_head(pictures.SVG)
    for data in (pictures.png(), pictures.gif()):
        with pytest.raises(ImageTooLarge):
            looker(max_pixels=3071).inspect_head(data)


@pytest.mark.parametrize("kind", KINDS)
def test_a_plan_says_what_it_takes(kind) -> None:
    """It is predicted from header and decision, and from where the source lies."""
    data = pictures.png(pictures.noise(200, 100))
    with laid(kind, data) as body:
        plan = planned(looker(), body, ImageFormat.PNG, SHOWN)
    assert plan.decision is not None
    assert plan.decision.plan.geometry.canvas == Size(20, 10)
    in_file = kind == "file"
    assert plan.estimate_bytes == estimate_bytes(plan.info, plan.decision, source_bytes=len(data), in_file=in_file)


@pytest.mark.parametrize("spec", [TransformSpec(output=Output.JSON), TransformSpec(placeholder=Placeholder.COLOR)])
def test_what_is_no_picture_needs_no_decision(spec) -> None:
    """Descriptions and stand-ins are predicted without."""
    assert planned(looker(), pictures.png(), ImageFormat.PNG, spec).decision is None
    assert looker().plan_drawing(pictures.SVG, spec).decision is None


def test_broken_and_oversized_sources_get_no_plan() -> None:
    """They are refused before anybody is asked for memory."""
    with pytest.raises(CorruptImage):
        planned(looker(), pictures.png()[:100], ImageFormat.PNG, SHOWN)
    with pytest.raises(ImageTooLarge):
        planned(looker(max_pixels=3071), pictures.png(), ImageFormat.PNG, SHOWN)


@pytest.mark.parametrize("kind", KINDS)
def test_a_drawing_costs_what_it_is_drawn_at(kind) -> None:
    """Twice its pixels at the least: here, and in the worker."""
    with laid(kind, pictures.SVG) as body:
        small = looker().plan_drawing(body, SHOWN)
        large = looker().plan_drawing(body, TransformSpec(output=Output.PNG, width=2000))
    assert (small.data, small.natural_px, small.sizes) == (pictures.SVG, (40.0, 20.0), [Size(20, 10)])
    assert large.size == Size(2000, 1000)
    assert large.estimate_bytes - small.estimate_bytes >= 2 * 4 * 1_900_000


def test_what_arrives_is_planned_from_its_head() -> None:
    """As if it lay in memory: what comes through a pipe is mapped from no file."""
    data = pictures.jpeg()
    plan = planned(looker(), data, ImageFormat.JPEG, SHOWN)
    assert looker().plan_arriving(plan.info, SHOWN, len(data)) == plan


@pytest.mark.parametrize(("trim", "is_charged"), [(None, False), (10, True)])
def test_what_may_be_quick_enough_once_it_is_trimmed_is_charged_as_avif(trim, is_charged) -> None:
    """How much is left shows when it is cut, after the memory was asked for; AVIF needs the most."""
    spec = TransformSpec(output=Output.AUTO_AVIF, trim=trim)
    hurried, patient = looker(avif_budget_seconds=0), looker(avif_budget_seconds=1000)
    for plan in (
        lambda looker: planned(looker, pictures.png(), ImageFormat.PNG, spec),
        lambda looker: looker.plan_drawing(pictures.SVG, spec),
    ):
        assert (plan(hurried).estimate_bytes == plan(patient).estimate_bytes) is is_charged


def test_a_drawing_on_a_page_is_drawn_once_more_to_be_looked_at() -> None:
    """At a size that does not hang on the one asked for, which costs; in the scheme that is wanted."""
    on_page = replace(SHOWN, page=Theme.DARK.page, scheme="dark")
    plan, plain = (looker().plan_drawing(SVG_WITH_SCHEMES, spec) for spec in (on_page, SHOWN))
    assert plan.sizes == [Size(20, 10), Size(512, 256)]
    assert plan.estimate_bytes > plain.estimate_bytes + 2 * 4 * 512 * 256
    assert (plan.data == plain.data, plain.data) == (False, SVG_WITH_SCHEMES)
    small = looker().plan_drawn_glance(pictures.SVG, 100)
    assert (small.sizes, small.decision) == ([Size(100, 50)], None)


def test_what_is_known_is_neither_looked_at_nor_paid_for() -> None:
    """A digest that was seen spares the look; one that is not known does not."""
    sights, data = Sights(), pictures.png(pictures.quarters(600, 600))
    runtime.prepare()
    subject = Looker(Pipeline(TransformSettings(), time.monotonic, theming=PageTheming(), sights=sights))
    on_page = replace(SHOWN, page=Theme.DARK.page)
    new = planned(subject, data, ImageFormat.PNG, on_page, "d")
    sights.keep("d", on_page, sight := PageTheming().see(pictures.quarters(), Theme.DARK.page))
    known = planned(subject, data, ImageFormat.PNG, on_page, "d")
    assert (new.viewed.sight, known.viewed.sight, known.viewed.sha256) == (None, sight, "d")
    assert new.estimate_bytes > known.estimate_bytes
    assert subject.plan_drawing(pictures.SVG, on_page, "d").look_size is None
    assert planned(subject, data, ImageFormat.PNG, SHOWN, "d").viewed.sight is None


def rendered(body: Body) -> Rendered:
    seen = looker()
    plan = planned(seen, body, ImageFormat.JPEG, SHOWN)
    return seen.render(body, plan, SHOWN, runtime.KillSwitch())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("interlace", [False, True])
def test_a_photograph_that_was_cut_and_given_another_end(kind, interlace) -> None:
    """It is broken, to whoever makes an answer of it and to whoever looks at it, and not half a picture."""
    whole = pictures.jpeg(pictures.noise(400, 300), interlace=interlace)
    with laid(kind, whole[: len(whole) // 2] + b"\xff\xd9") as body:
        with pytest.raises(pyvips.Error, match="premature end"):
            rendered(body)
        seen = looker()
        plan = seen.plan_glance(body, seen.header(body, ImageFormat.JPEG), 50)
        with pytest.raises(pyvips.Error, match="premature end"):
            seen.glance(body, plan, 50, runtime.KillSwitch()).copy_memory()


@pytest.mark.parametrize("kind", KINDS)
def test_a_photograph_that_is_only_complained_of(kind) -> None:
    """Bytes that belong to nothing do no harm: it is read as if they were not there."""
    clean = pictures.jpeg(pictures.noise(400, 300), restart_interval=20)
    odd = clean.replace(b"\xff\xd3", b"\0\0\0\xff\xd3", 1)
    with pytest.raises(pyvips.Error, match="extraneous"):
        open_page(odd, ImageFormat.JPEG, is_strict=True).avg()
    with laid(kind, odd) as body:
        assert rendered(body).data == rendered(clean).data
        seen = looker()
        plan = seen.plan_glance(body, seen.header(body, ImageFormat.JPEG), 50)
        assert seen.glance(body, plan, 50, runtime.KillSwitch()).avg() > 0


def test_a_photograph_is_not_refused_for_another_s_missing_bytes() -> None:
    """What another thread's picture lacks, libvips says in this one's error text too."""
    cut = pictures.jpeg(pictures.noise(400, 300))[:9000] + b"\xff\xd9"

    class Between(runtime.KillSwitch):
        others = 2

        def watch(self, image):
            if self.others:
                self.others -= 1
                open_page(cut, ImageFormat.JPEG).copy_memory()
            return super().watch(image)

    clean = pictures.jpeg(pictures.noise(400, 300), restart_interval=20)
    odd = clean.replace(b"\xff\xd3", b"\0\0\0\xff\xd3", 1)
    seen = looker()
    plan = planned(seen, odd, ImageFormat.JPEG, SHOWN)

    assert seen.render(odd, plan, SHOWN, Between()).data == rendered(clean).data
