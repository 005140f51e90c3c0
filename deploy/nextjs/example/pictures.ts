/** Where the example's pictures come from; read at each request. `imgsvc serve --demo` has some of its own. */
export const PICTURES_URL = process.env.EXAMPLE_PICTURES_URL ?? 'http://127.0.0.1:8080/demo'

/** Another server, which is not among IMGSVC_ALLOWED_HOSTS: its pictures need a signature. */
export const SIGNED_PICTURES_URL = process.env.EXAMPLE_SIGNED_PICTURES_URL ?? PICTURES_URL

/** Whose logo is shown. */
export const LOGO_DOMAIN = process.env.EXAMPLE_LOGO_DOMAIN ?? 'nextjs.org'
