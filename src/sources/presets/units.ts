/** Units by the endings that several ecosystems give to the names of their fields. */
import type { ByMetric } from '../source.ts';

/** Of rtl_433: the unit stands at the end of the name. */
export const SUFFIX_UNITS: ByMetric<string> = [
  ['*_C', '°C'],
  ['*_F', '°F'],
  ['*_hPa', 'hPa'],
  ['*_kPa', 'kPa'],
  ['*_PSI', 'psi'],
  ['*_inHg', 'inHg'],
  ['*_km_h', 'km/h'],
  ['*_m_s', 'm/s'],
  ['*_mi_h', 'mph'],
  ['*_mm', 'mm'],
  ['*_mm_h', 'mm/h'],
  ['*_in', 'in'],
  ['*_in_h', 'in/h'],
  ['*_km', 'km'],
  ['*_deg', '°'],
  ['*_V', 'V'],
  ['*_mV', 'mV'],
  ['*_A', 'A'],
  ['*_W', 'W'],
  ['*_kWh', 'kWh'],
  ['*_lux', 'lx'],
  ['*_ppm', 'ppm'],
  ['*_ug_m3', 'µg/m³'],
  ['rssi', 'dB'],
  ['snr', 'dB'],
  ['noise', 'dB'],
  ['humidity*', '%'],
  ['moisture*', '%'],
];

/** Of names that say what is measured, in the units that their ecosystems use. */
export const USUAL_UNITS: ByMetric<string> = [
  ['*temperature', '°C'],
  ['*humidity', '%'],
  ['soil_moisture', '%'],
  ['battery', '%'],
  ['pressure', 'hPa'],
  ['illuminance', 'lx'],
  ['co2', 'ppm'],
  ['power', 'W'],
  ['energy', 'kWh'],
  ['current', 'A'],
];
