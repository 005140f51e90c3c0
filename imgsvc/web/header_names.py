"""Names of headers that are looked up with most requests: folded once here instead of at every look-up."""

from multidict import istr

COLOUR_SCHEME = istr("Sec-CH-Prefers-Color-Scheme")
IF_NONE_MATCH = istr("If-None-Match")
IF_MODIFIED_SINCE = istr("If-Modified-Since")
RANGE = istr("Range")
CONTENT_LENGTH = istr("Content-Length")
SERVER = istr("Server")
X_REQUEST_ID = istr("X-Request-Id")
X_SYSTEM_STATUS = istr("X-System-Status")
X_SOURCE = istr("X-Source")
X_CACHE = istr("X-Cache")
SERVER_TIMING = istr("Server-Timing")
