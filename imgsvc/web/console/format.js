/** Figures as people read them. Sizes are in binary units. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const whole = new Intl.NumberFormat('en');

export const count = (n) => whole.format(n);

/** Give three digits at most, and no unit of more than four. */
export function figure(n) {
  if (n === 0) return '0';
  if (Math.abs(n) >= 100) return whole.format(Math.round(n));
  return n.toFixed(Math.abs(n) >= 10 ? 1 : 2);
}

export function bytes(n) {
  if (n === null || n === undefined) return '–';
  let unit = 0;
  while (n >= 1000 && unit < UNITS.length - 1) {
    n /= 1024;
    unit += 1;
  }
  return `${unit ? figure(n) : n} ${UNITS[unit]}`;
}

export const percent = (share) => `${share > 0 && share < 0.1 ? (share * 100).toFixed(1) : Math.round(share * 100)} %`;

export const ms = (n) => `${figure(n)} ms`;

export function duration(seconds) {
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.floor(seconds)} s`;
}

/** Give the time of day at a unix time in seconds. */
export const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString('en-GB');

export const as = { bytes, count, duration, percent };
