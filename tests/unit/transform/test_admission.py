"""The door that is always open."""

from imgsvc.transform.admission import OpenAdmission


async def test_everything_is_admitted() -> None:
    """Whatever is asked for is given, and may be given back."""
    admission = OpenAdmission()
    permit = await admission.admit(10**12)

    permit.release()
    assert admission.could_admit(10**12)
