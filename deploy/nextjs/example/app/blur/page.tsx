import { connection } from 'next/server'

import { BlurImage } from 'imgsvc-next/blur'

import { PICTURES_URL } from '../../pictures'

export default async function Page() {
  await connection()
  return (
    <>
      <h1>Placeholders</h1>
      <figure>
        <BlurImage
          className="wide"
          src={`${PICTURES_URL}/landscape.jpg?blurred`}
          alt="A landscape that was blurred first"
          width={2000}
          height={1250}
          sizes="(max-width: 60rem) 100vw, 60rem"
          loading="eager"
        />
        <figcaption>Blurred until it is there.</figcaption>
      </figure>
    </>
  )
}
