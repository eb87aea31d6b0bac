/**
 * The colour of each person: twelve hues, then the same twelve darker. Everywhere the same as far as possible; but within a
 * room nobody shares one: who became known there later takes the next free one.
 */
import { hash } from '../text/names.js';

const HUES = [185, 38, 288, 135, 262, 12, 210, 62, 315, 160, 238, 345];
const LIGHTS = [0.53, 0.42];

export class Colours {
  constructor() {
    this.everywhere = new Map();
    this.rooms = new Map();
  }

  /** {hue, light} of a person, in a room or (room '') anywhere. */
  of(id, room = '') {
    const wanted = slotIn(this.everywhere, id, hash(id) % HUES.length);
    if (!room) return colour(wanted);
    if (!this.rooms.has(room)) this.rooms.set(room, new Map());
    return colour(slotIn(this.rooms.get(room), id, wanted));
  }
}

function slotIn(slots, id, wanted) {
  if (slots.has(id)) return slots.get(id);
  const taken = new Set(slots.values());
  const count = HUES.length * LIGHTS.length;
  const order = [...Array(count).keys()].map((step) => ladder(wanted, step));
  const slot = order.find((each) => !taken.has(each)) ?? wanted;
  slots.set(id, slot);
  return slot;
}

/** All hues of one lightness before the next lightness. */
function ladder(wanted, step) {
  const first = Math.floor(wanted / HUES.length);
  const lightness = (first + Math.floor(step / HUES.length)) % LIGHTS.length;
  return lightness * HUES.length + (wanted + step) % HUES.length;
}

function colour(slot) {
  return { hue: HUES[slot % HUES.length], light: LIGHTS[Math.floor(slot / HUES.length)] };
}
