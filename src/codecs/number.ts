/**
 * The number codec: a payload that is one value as text, such as `21.5`, `"21.5"`, `21.5 °C`, `ON` or `false`.
 */
import { parseDecimal } from '../domain/decimal.ts';
import { bad, type Codec, shown } from './codec.ts';
import { textOf } from './text.ts';

const SWITCHES: Readonly<Record<string, boolean>> = { on: true, off: false, true: true, false: false };

/**
 * Units that may follow a number. A closed list: `5x` or `0x10` must not become a reading by chance. Compared without
 * regard to case.
 */
const UNITS: ReadonlySet<string> = new Set(
  `°c °f °k ℃ ℉ c f k cel degc degf % %rh rh ‰ hpa pa kpa mpa mbar bar psi inhg mmhg v mv kv a ma ka w mw kw gw va kva var kvar
   wh kwh mwh gwh j kj mj hz khz mhz ghz ppm ppb µg/m³ ug/m3 μg/m³ µg/m3 mg/m³ mg/m3 g/m³ g/m3 kg/m³ m/s m/s² m/s2 km/h kmh mph kn
   kt ft/s mm cm m km in ft mi µm l ml m³ m3 gal l/min l/h l/s m³/h m3/h ft³ ft3 mm/h in/h db dbm dba lx lux lm cd w/m² w/m2 ms s
   sec min h d ° deg °/s rad rpm mg g kg t lb n nm ω kω mω ohm µs/cm us/cm ms/cm s/m ph ntu uv mt µt ut t g b kb mb gb tb bit/s kbit/s mbit/s`.split(
    /\s+/,
  ),
);

const WITH_UNIT = /^([+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?)\s*([^\s\d.,+-]\S{0,7})$/iu;
const GROUPED = /^[+-]?\d{1,3}(?:[. ]\d{3})+(?:,\d+)?$/;
const COMMA = /^[+-]?(?:\d+(?:,\d*)?|,\d+)(?:e[+-]?\d+)?$/i;

/** A number as text, with the unit that stands behind it. */
export interface NumberText {
  readonly value: number;
  readonly unit?: string;
}

/**
 * Reads a decimal number, also one with a unit (`21.5 °C`).
 * @param decimalComma the comma is the decimal mark, and points or spaces may group three digits each
 * @returns null for any other text
 */
export function parseNumber(text: string, decimalComma: boolean): NumberText | null {
  // Longer than any number that a device writes: a long text costs no more than this comparison.
  if (text.length > 400 || !beginsNumber(text.charCodeAt(0))) return null;
  const value = decimal(text, decimalComma);
  if (value !== null) return { value };
  const [, digits, unit] = WITH_UNIT.exec(text) ?? [];
  if (digits === undefined || !UNITS.has(unit!.toLowerCase())) return null;
  const number = decimal(digits, decimalComma);
  return number === null ? null : { value: number, unit: unit! };
}

/** `ON`, `off`, `true`, `False`. @returns null for any other text */
export function parseSwitch(text: string): boolean | null {
  return text.length > 5 ? null : (SWITCHES[text.toLowerCase()] ?? null);
}

/** A digit, + , - . */
function beginsNumber(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x2b && code <= 0x2e);
}

function decimal(text: string, decimalComma: boolean): number | null {
  if (!decimalComma) return parseDecimal(text);
  if (GROUPED.test(text)) return Number(text.replaceAll(/[. ]/g, '').replace(',', '.'));
  return COMMA.test(text) ? Number(text.replace(',', '.')) : parseDecimal(text);
}

/** The document is the text without its quotes: the source reads it as a number, a switch or a null word. */
export const numberCodec: Codec = {
  decode(bytes) {
    const text = textOf(bytes);
    if (typeof text !== 'string') return text;
    const inner = /^"[^"\\]*"$/.test(text) ? text.slice(1, -1).trim() : text;
    return { document: inner };
  },
};

/** Of a text that is no value. */
export function notNumber(text: string) {
  return bad('not-a-number', `the payload is no number: '${shown(text)}'`);
}
