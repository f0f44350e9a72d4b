import { type GpuModel, type GpuVendor, gpuVendors } from './device.ts';
import { modelWords } from './names.ts';
import { isNamedSoftware } from './software.ts';
import { gpuTable } from './table.ts';

/**
 * The row of a running adapter, by what WebGPU or the driver calls it; null where no row has exactly this name,
 * where two have it, where the vendor says otherwise, and for adapters in software. A laptop's or a larger
 * sibling's name ("RTX 4090 Laptop GPU", "RTX 3090 Ti") is another name.
 */
export function matchAdapter(
  name: string,
  vendor: string,
  architecture: string,
  table: readonly GpuModel[] = gpuTable,
): GpuModel | null {
  if (isNamedSoftware([name, vendor, architecture])) return null;
  const words = modelWords(name);
  if (words === '') return null;
  const rows = table.filter(({ adapterNames }) => adapterNames.some((known) => modelWords(known) === words));
  const [row] = rows;
  if (rows.length !== 1 || row === undefined) return null;
  const said = gpuVendors.find((known) => known === vendor.trim().toLowerCase());
  return said === undefined || row.vendor === said || row.vendor === ('other' satisfies GpuVendor)
    ? row
    : null;
}
