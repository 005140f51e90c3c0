export { createLoader, type Loader, type LoaderRequest } from './loader'
export { LogoImage, ThemedLogo, type LogoImageProps, type ThemedLogoProps } from './logos'
export { shareImage, type ShareImage } from './share'
export * from './urls'
