"""The OpenAPI document of all routes, and the page that shows it; imported by the first request for one of them."""
