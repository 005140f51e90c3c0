"""The paths of routes whose handlers are loaded behind the start."""

LOGO_PATHS = ("/api/logo", "/logo/{domain}", "/s2/favicons", "/icon")
CANDIDATES_PATH = "/api/logo/candidates"
INVERT_PATH = "/api/logo/invert"
VALIDATE_PATH = "/api/validate-logo"
PAGE_DATA_PATH = "/api/og-data"
SHARE_IMAGE_PATH = "/api/og-image"
