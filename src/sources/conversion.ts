/** Conversions of values: linear ones, and those between units of temperature. */

/** value * scale + offset */
export interface Conversion {
  readonly scale: number;
  readonly offset: number;
  /** Of the result, where the conversion says it. */
  readonly unit?: string;
}

const F = 5 / 9;
const ABSOLUTE_ZERO = 273.15;

export const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  'fahrenheit-to-celsius': { scale: F, offset: -32 * F, unit: '°C' },
  'kelvin-to-celsius': { scale: 1, offset: -ABSOLUTE_ZERO, unit: '°C' },
  'celsius-to-fahrenheit': { scale: 9 / 5, offset: 32, unit: '°F' },
  'celsius-to-kelvin': { scale: 1, offset: ABSOLUTE_ZERO, unit: 'K' },
  'kelvin-to-fahrenheit': { scale: 9 / 5, offset: 32 - (ABSOLUTE_ZERO * 9) / 5, unit: '°F' },
  'fahrenheit-to-kelvin': { scale: F, offset: ABSOLUTE_ZERO - 32 * F, unit: 'K' },
};

/** Rounded to 12 digits: 70.7 °F is 21.5 °C and not 21.500000000000004. No sensor has as many. */
export function convert(value: number, { scale, offset }: Conversion): number {
  return Number((value * scale + offset).toPrecision(12)) + 0;
}
