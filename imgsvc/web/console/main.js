/** Puts the console together. */

import { byId } from './dom.js';
import { show, showSilence } from './gauges.js';
import { showCard } from './card.js';
import { showImage } from './image.js';
import { watch } from './live.js';
import { showLogo } from './logo.js';
import { offerSamples, Play, samples } from './playing.js';
import { requests } from './requests.js';
import { tabs } from './tabs.js';

/** Fill the page; after it has been painted once, so that work does not hold up the sight of it. */
function begin() {
  const play = {
    image: new Play(byId('form-image'), byId('result-image'), showImage),
    logo: new Play(byId('form-logo'), byId('result-logo'), showLogo),
    card: new Play(byId('form-card'), byId('result-card'), showCard),
  };

  function chooseImage(url) {
    byId('form-image').elements.url.value = url;
    play.image.now();
  }

  function chooseLogo(url) {
    const { _whose: whose, _name: name } = byId('form-logo').elements;
    whose.value = 'url';
    name.value = url;
    play.logo.now();
  }

  offerSamples(byId('form-image'), chooseImage);
  offerSamples(byId('form-logo'), chooseLogo);
  if (samples.length) {
    const [picture, logo] = [samples.find((url) => url.endsWith('.jpg')), samples.find((url) => url.endsWith('logo.png'))];
    byId('form-image').elements.url.defaultValue = picture;
    byId('form-image').elements.w.defaultValue = '480';
    byId('form-logo').elements._whose.querySelector('[value=url]').defaultSelected = true;
    byId('form-logo').elements._name.defaultValue = logo;
    byId('demo-link').hidden = false;
  }
  tabs(document.querySelector('[role=tablist]'), (name) => {
    play[name].open();
  });

  const refreshRequests = requests();
  watch((news) => {
    show(news);
    refreshRequests();
  }, showSilence);
}

requestAnimationFrame(() => setTimeout(begin));
