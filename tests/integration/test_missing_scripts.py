"""Scripts that the fonts of this machine have no letters for, as the probe has them."""

from imgsvc.transform.typefaces import missing_scripts
from tests.support.spine import until


async def test_health_lists_missing_scripts(service):
    """The probe has them as soon as they are known, and is as healthy with them as without."""
    await until(lambda: service.opened.services.health.report().missing_scripts is not None)
    answer = await service.request("GET", "/api/health")

    assert answer.status == 200
    assert answer.json()["missing_scripts"] == list(missing_scripts())
    assert answer.json()["status"] == "healthy"
