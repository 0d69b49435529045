/**
 * The body of an update as form text (D-2.7). Invariant: a body that is neither a form nor a flat JSON object says
 * nothing, rather than failing the request: devices send bodies they do not know of.
 */

/** The form text of a body, one character for each octet; empty where it says nothing. */
export function formText(bytes: Buffer, contentType: string | undefined): string {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json') return jsonFormText(bytes.toString('utf8'));
  if (type === '' || type === 'application/x-www-form-urlencoded' || type === 'text/plain') {
    return bytes.toString('latin1').trim();
  }
  return '';
}

function jsonFormText(json: string): string {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return ''; // by the invariant above
  }
  if (typeof value !== 'object' || value === null) return '';
  const form = new URLSearchParams();
  for (const [name, field] of Object.entries(value)) {
    if (Array.isArray(field)) form.append(name, field.filter(isScalar).join(','));
    else if (isScalar(field)) form.append(name, String(field));
  }
  return form.toString();
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
