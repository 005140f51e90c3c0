"""
What of SVG is let through, as tables: element names, attributes, properties, functions.

Names are those of SVG 1.1 and SVG 2 that draw something without running, moving or fetching anything. What is missing
here is dropped: scripts, event attributes, ``foreignObject``, animation, fonts, ``xml:base``, ``cursor``, links.
"""
# ruff: noqa: SIM905 - a table of words is read, and compared with the standards, as words

SVG_NAMESPACE = "http://www.w3.org/2000/svg"
XLINK_NAMESPACE = "http://www.w3.org/1999/xlink"
XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"

MAX_SVG_BYTES = 1024 * 1024
"""The largest document that is read."""

TEXT_ELEMENTS = frozenset("text tspan textPath title desc style".split())
"""Where characters mean something; elsewhere they are white space between tags."""

ELEMENTS = TEXT_ELEMENTS | frozenset(
    """
    svg g defs symbol use switch a image
    path rect circle ellipse line polyline polygon
    linearGradient radialGradient stop pattern clipPath mask marker filter
    feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap
    feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feImage feMerge feMergeNode
    feMorphology feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence
    """.split()
)

PROPERTIES = frozenset(
    """
    alignment-baseline baseline-shift clip clip-path clip-rule color color-interpolation color-interpolation-filters
    color-rendering cx cy d direction display dominant-baseline enable-background fill fill-opacity fill-rule filter
    flood-color flood-opacity font font-family font-feature-settings font-kerning font-size font-size-adjust
    font-stretch font-style font-variant font-variant-ligatures font-weight glyph-orientation-horizontal
    glyph-orientation-vertical height image-rendering isolation kerning letter-spacing lighting-color line-height
    marker marker-end marker-mid marker-start mask mask-type mix-blend-mode opacity overflow paint-order pointer-events
    r rx ry shape-rendering stop-color stop-opacity stroke stroke-dasharray stroke-dashoffset stroke-linecap
    stroke-linejoin stroke-miterlimit stroke-opacity stroke-width text-align text-anchor text-decoration
    text-decoration-line text-indent text-orientation text-overflow text-rendering text-transform transform
    transform-box transform-origin unicode-bidi vector-effect visibility white-space width word-spacing writing-mode x y
    """.split()
)
"""CSS properties, in ``style`` as much as in an attribute of the same name."""

GEOMETRY = frozenset("cx cy d height r rx ry transform width x y".split())
"""Properties whose attribute has a grammar of its own, older than the property's, and holds no reference."""

ATTRIBUTES = GEOMETRY | frozenset(
    """
    amplitude azimuth baseFrequency bias class clipPathUnits diffuseConstant divisor dx dy edgeMode elevation exponent
    filterRes filterUnits fr fx fy gradientTransform gradientUnits id in in2 intercept k1 k2 k3 k4 kernelMatrix
    kernelUnitLength lang lengthAdjust limitingConeAngle markerHeight markerUnits markerWidth maskContentUnits maskUnits
    method mode numOctaves offset operator order orient pathLength patternContentUnits patternTransform patternUnits
    points pointsAtX pointsAtY pointsAtZ preserveAlpha preserveAspectRatio primitiveUnits radius refX refY
    requiredExtensions requiredFeatures result rotate scale seed side slope spacing specularConstant specularExponent
    spreadMethod startOffset stdDeviation stitchTiles surfaceScale systemLanguage tableValues targetX targetY
    textLength type values version viewBox x1 x2 xChannelSelector y1 y2 yChannelSelector z
    """.split()
)
"""Attributes that are neither CSS properties nor references; their values fetch and run nothing."""

FUNCTIONS = frozenset(
    """
    rgb rgba hsl hsla hwb lab lch oklab oklch color color-mix light-dark calc min max clamp var
    matrix translate translatex translatey scale scalex scaley rotate skewx skewy
    blur brightness contrast drop-shadow grayscale hue-rotate invert opacity saturate sepia
    circle ellipse inset path polygon rect
    """.split()
)
"""CSS functions that compute; ``url`` is judged by itself, and everything else that could fetch is missing."""
