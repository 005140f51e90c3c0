"""
Make ``imgsvc/vision/references/templates.json``: what is known of the icons in the templates of frameworks.

Takes the pictures from the packages that publish them, at the versions and digests below, and ships none: of each icon
its looks, 8 × 8 px, where sizes and formats make them differ. The tests get the looks of what the usual changes make of
an icon. Needs the npm registry.
"""

import io
import tarfile
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyvips
from make_references import TARGET, TESTS, Package, downloaded, write
from PIL import Image as Pillow

from imgsvc.transform.svg_sanitiser import sanitise
from imgsvc.vision.pixels import Pixels
from imgsvc.vision.templates import Look, difference, look

DRAWN_PX = (16, 32, 64, 512)
SHRUNK_PX = (16, 20, 32)
ASKED_PX = (16, 20, 24, 32, 48, 64, 128, 256)
SAME, TOLD_APART = 12, 3
"""Looks of one icon that differ less need not both be shipped, nor both be tested."""

WHITE = [255, 255, 255]


@dataclass(frozen=True)
class Template:
    """
    Icons of one package.

    Attributes:
        owners: domains whose own logo they are, with all below them.
        package: where they are; its icons are whole paths in it.
    """

    owners: tuple[str, ...]
    package: Package


VITE = ("vite.dev", "vitejs.dev")
REACT = ("react.dev", "reactjs.org", "reactnative.dev", "create-react-app.dev")
NEXT = ("nextjs.org", "vercel.com")
ANGULAR = ("angular.dev", "angular.io")

# All under the MIT licence.
TEMPLATES = (
    Template(
        VITE,
        Package(
            "create-vite 6",
            "create-vite/-/create-vite-6.5.0.tgz",
            "2GsVyyXPMsXeIHR9m61ANZ0YJkUojUbgACdzIAlYoKgw/b5M5GJAfzuBD56uJ4q82NxrAekt0k4OTtH1s+rfcQ==",
            ("template-vanilla/public/vite.svg",),
        ),
    ),
    Template(
        VITE,
        Package(
            "create-vite",
            "create-vite/-/create-vite-9.3.0.tgz",
            "sIWQyXxxE+lGL27GEnZocFyLu2RjvepedHrD6wu4xPsK1+iff+YrT6ntUGkoXrcezbUiV4ct+hXW0b50kAJxBg==",
            ("template-vanilla/public/favicon.svg",),
        ),
    ),
    Template(
        REACT,
        Package(
            "cra-template",
            "cra-template/-/cra-template-1.3.0.tgz",
            "2l4aUbS8Bb+ft7a1BmwtszaCsOplp5AGpf764rDPfY51Hzj/V3VvrltEHddF8lIPvNMsgpsUVyVlni6h5T9NxQ==",
            (
                "template/public/favicon.ico",
                "template/public/logo192.png",
            ),
        ),
    ),
    Template(
        NEXT,
        Package(
            "create-next-app 14",
            "create-next-app/-/create-next-app-14.2.30.tgz",
            "QmhKTnTiXLNqpmYqghrdru1EcXqTnrj2cZfOIGUgYmOwIy/+SFhwXH58clBaPFtOu6hIs682GiwJHbZZe0gZvg==",
            ("dist/templates/app/js/app/favicon.ico",),
        ),
    ),
    Template(
        NEXT,
        Package(
            "create-next-app",
            "create-next-app/-/create-next-app-16.4.3.tgz",
            "4/NiigySbvp7fKT/lmhzoA1NGfcSkpuXqiw3r7TNsQN3V8eeAfpaofLt/1Cpn20Q4L4cdSDpvaOWMtA+nnocJg==",
            ("dist/templates/app/js/app/favicon.ico",),
        ),
    ),
    Template(
        ("vuejs.org",),
        Package(
            "create-vue",
            "create-vue/-/create-vue-3.22.3.tgz",
            "vtqRUA0zqRjBNtfxkdnM7pu2DJ4ML2kgy7ml/3DHkNcOQlpZ/Z6tLvv1gmQxnSW8Q7Auoe+w/doeJW3eNnj+Jg==",
            ("template/base/public/favicon.ico",),
        ),
    ),
    Template(
        ("svelte.dev",),
        Package(
            "sv",
            "sv/-/sv-0.17.1.tgz",
            "h8kB4mIpxiZKPd8CxxpMjBjGXGYlI5KKAwIFccXxWYJEUO9dVomvVSZGnbWQV1+dN+KJ2kzvsVjpJ+aTrYQ0xg==",
            ("dist/templates/minimal/assets/src/lib/assets/favicon.svg",),
        ),
    ),
    Template(
        ANGULAR,
        Package(
            "angular 16",
            "@schematics/angular/-/angular-16.2.16.tgz",
            "V4cE4R5MbusKaNW9DWsisiSRUoQzbAaBIeJh42yCkg5H/lUdf18hUB7DG6Pl7yH6/tjzzz4SqIVD7N64uCDC2A==",
            ("application/files/common-files/src/favicon.ico.template",),
        ),
    ),
    Template(
        ANGULAR,
        Package(
            "angular",
            "@schematics/angular/-/angular-21.2.28.tgz",
            "Y1IsbJYPhXdbXx48gWbXOQMFSWmH4/Hxvj12R7zFpakbgRfKo+LLcnljqVEm2AlYVh8v0m+iveK4//8lwvQIFA==",
            ("application/files/common-files/public/favicon.ico.template",),
        ),
    ),
    Template(
        ("docusaurus.io",),
        Package(
            "create-docusaurus",
            "create-docusaurus/-/create-docusaurus-3.10.2.tgz",
            "JgJljCp+EUw4MKaGNQMfglGomEUL3SKg417nUBxCih6wkuRM9CGA6eSGx5SX9MLlGCSAhee6h/DEhIcqiumB8w==",
            (
                "templates/shared/static/img/favicon.ico",
                "templates/shared/static/img/logo.svg",
            ),
        ),
    ),
    Template(
        ("qwik.dev",),
        Package(
            "create-qwik",
            "create-qwik/-/create-qwik-1.20.1.tgz",
            "GScClWqwrz6LeMqWy/fAufIw3tBCQ8CA2u94REJqo0ODsJOh9e59e8KBQDOVkAolH/nUP/zKt/W2m0ob8yEs+A==",
            ("dist/starters/apps/base/public/favicon.svg",),
        ),
    ),
    Template(
        ("nx.dev",),
        Package(
            "nx",
            "@nx/react/-/react-23.3.1.tgz",
            "kXIU/zHiJwazUGZxG5TjaFJAI4mIWvBruyRUecB5cVkhVQO/mJtD8XXuixRBAh+60jlKEZK+XBS5X63DS2DI/A==",
            ("dist/src/generators/application/files/base-vite/public/favicon.ico",),
        ),
    ),
    Template(
        ("quasar.dev",),
        Package(
            "create-quasar",
            "create-quasar/-/create-quasar-5.0.30.tgz",
            "vVSOFkftVBQGIRaXSmNvn0m4HwkelKYKFwfQMWTK4f9s/7zjuaxfpHRqAY5KUMMuiaQWVGXWVeR8492Lokr6Lw==",
            ("templates/app/vite-3/js/BASE/public/favicon.ico",),
        ),
    ),
    Template(
        ("redwoodjs.com",),
        Package(
            "create-redwood-app",
            "create-redwood-app/-/create-redwood-app-8.9.0.tgz",
            "zUXLvIWqxFubmUIajeI9xzfgpsC08Q+7HzmejND1voKfR4nvJkGg47fIs3wVZm9+zWliNYT/SiDvw6BpnMDn6A==",
            ("templates/js/web/public/favicon.png",),
        ),
    ),
)


def published(package: Package) -> Iterator[tuple[str, list[pyvips.Image]]]:
    """Give the names of a package's icons, and each icon at its sizes, the largest last."""
    with tarfile.open(fileobj=io.BytesIO(downloaded(package))) as archive:
        for path in package.icons:
            data = archive.extractfile(f"package/{path}").read()
            name = path.rpartition("/")[2].removesuffix(".template")
            yield f"{package.title} {name}", drawn(data) if name.endswith(".svg") else decoded(data)


def drawn(data: bytes) -> list[pyvips.Image]:
    """Draw an SVG as the service does."""
    clean = sanitise(data)
    natural = pyvips.Image.svgload_buffer(clean)
    longest = max(natural.width, natural.height)
    return [pyvips.Image.svgload_buffer(clean, scale=px / longest).copy_memory() for px in DRAWN_PX]


def decoded(data: bytes) -> list[pyvips.Image]:
    """Decode a PNG, or all that is in an ICO."""
    with Pillow.open(io.BytesIO(data)) as icon:
        images = [icon.ico.getimage(size) for size in sorted(icon.ico.sizes())] if icon.format == "ICO" else [icon]
        pixels = [image.convert("RGBA") for image in images]
    return [
        pyvips.Image.new_from_memory(each.tobytes(), *each.size, 4, "uchar").copy(interpretation="srgb")
        for each in pixels
    ]


def at(image: pyvips.Image, side_px: int) -> pyvips.Image:
    return pyvips.Image.thumbnail_buffer(image.pngsave_buffer(), side_px, size="both").copy_memory()


def as_jpeg(image: pyvips.Image) -> pyvips.Image:
    return pyvips.Image.new_from_buffer(image.flatten(background=WHITE).jpegsave_buffer(Q=70), "").copy_memory()


def as_webp(image: pyvips.Image) -> pyvips.Image:
    return pyvips.Image.new_from_buffer(image.webpsave_buffer(Q=60), "").copy_memory()


def as_palette(image: pyvips.Image) -> pyvips.Image:
    return pyvips.Image.new_from_buffer(image.pngsave_buffer(palette=True), "").copy_memory()


def look_of(image: pyvips.Image) -> Look:
    return look(Pixels.of(image if image.interpretation == "srgb" else image.colourspace("srgb")))


def looks(images: list[pyvips.Image]) -> list[Look]:
    """Give what is shipped of an icon: how it looks as it comes, shrunk and as JPEG."""
    shrunk = [at(images[-1], side_px) for side_px in SHRUNK_PX]
    return told_apart(map(look_of, (*reversed(images), *shrunk, *map(as_jpeg, shrunk))), SAME)


def changed(images: list[pyvips.Image]) -> Iterator[Look]:
    """Give what the service sees of an icon as it comes, and of the largest after changes of size and format."""
    asked = [at(images[-1], side_px) for side_px in ASKED_PX]
    white = [image.flatten(background=WHITE) for image in asked]
    formats = [*map(as_jpeg, asked), *map(as_webp, asked), *map(as_webp, white), *map(as_palette, asked)]
    return map(look_of, (*images, *asked, *white, *formats))


def told_apart(seen: Iterable[Look], least: float) -> list[Look]:
    """Leave out what differs less than that from one before."""
    found: list[Look] = []
    for each in seen:
        if all(difference(each, other) >= least for other in found):
            found.append(each)
    return found


def main() -> None:
    shipped, seen = [], []
    for template in TEMPLATES:
        for name, images in published(template.package):
            shipped.append({"name": name, "owners": template.owners, "looks": encoded(looks(images))})
            seen.append([name, encoded(told_apart(changed(images), TOLD_APART))])
    write(TARGET.with_name("templates.json"), shipped)
    write(TESTS / "templates.json", seen)


def encoded(found: list[Look]) -> list[str]:
    return [b64encode(each).decode() for each in found]


if __name__ == "__main__":
    main()
