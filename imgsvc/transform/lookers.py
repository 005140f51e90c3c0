"""Who looks at a source, by how much time and how much memory there is for it."""

from collections.abc import Callable

from msgspec.structs import replace

from imgsvc.model.spec import TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.transform.avif_pace import AvifPace
from imgsvc.transform.body import Body
from imgsvc.transform.looking import Looker, Plan
from imgsvc.transform.pipeline import Pipeline
from imgsvc.transform.probe import ImageInfo
from imgsvc.transform.theming import Sights, Theming


class Lookers:
    """
    Gives the right looker; any number of threads may share what it gives.

    Args:
        settings: limits, efforts, and the budgets of AVIF.
        clock: seconds, monotonic.
        pace: knows how long AVIF takes; all learn by it.
        theming: sees and adapts; None: no spec may have a page.
        could_admit: whether there can ever be memory for work that is estimated to need so many bytes.
    """

    def __init__(
        self,
        settings: TransformSettings,
        clock: Callable[[], float],
        pace: AvifPace,
        theming: Theming | None,
        could_admit: Callable[[int], bool],
    ) -> None:
        sights = Sights()

        def lookers(limited: TransformSettings) -> dict[bool, Looker]:
            return {
                patient: Looker(Pipeline(limited, clock, pace, patient=patient, theming=theming, sights=sights))
                for patient in (False, True)
            }

        self._all_frames = lookers(settings)
        self._first_frame = lookers(replace(settings, max_frames=1))
        self._could_admit = could_admit

    def of(self, *, patient: bool) -> Looker:
        """Give the one for pictures of any kind; *patient*: whether AVIF may take as long as it likes."""
        return self._all_frames[patient]

    def planned(
        self, body: Body, info: ImageInfo, spec: TransformSpec, sha256: str, *, patient: bool
    ) -> tuple[Looker, Plan]:
        """
        Plan what becomes of a picture that is no drawing, and give who is to do it.

        An animation that there can never be memory for becomes a still, as one over the limits for frames does.
        """
        looker = self.of(patient=patient)
        plan = looker.plan(body, info, spec, sha256)
        if plan.decision is not None and plan.decision.animate and not self._could_admit(plan.estimate_bytes):
            looker = self._first_frame[patient]
            plan = looker.plan(body, info, spec, sha256)
        return looker, plan
