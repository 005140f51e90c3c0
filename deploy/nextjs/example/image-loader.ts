export { default } from 'imgsvc-next/loader'
