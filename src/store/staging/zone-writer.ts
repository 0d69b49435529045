/**
 * What one change does to zones, whether they are those that are served or copies that are about to be.
 * Invariant: doing it a second time leaves the zones as the first time left them.
 */
import type { Host } from '../../account/host.ts';
import type { Name } from '../../zone/name.ts';
import type { SharedTexts } from '../../zone/packed/shared-texts.ts';
import type { ZoneSettings } from '../../zone/zone-view.ts';
import { Zone } from '../../zone/zone.ts';
import type { Change } from '../change.ts';
import type { DerivedHosts } from '../derived-hosts.ts';
import { StoredHostColumns } from '../host-columns.ts';
import type { ZoneChange, ZoneMaps } from './zone-maps.ts';

/** Makes changes in zones; one for the zones of a state. */
export class ZoneWriter {
  readonly #accountNames: SharedTexts;
  readonly #derived: DerivedHosts;

  constructor(accountNames: SharedTexts, derived: DerivedHosts) {
    this.#accountNames = accountNames;
    this.#derived = derived;
  }

  /** Makes a change of zones or of what is in them; false for any other. */
  apply(to: ZoneMaps, change: Change): change is ZoneChange {
    switch (change.kind) {
      case 'zone-put':
        this.#putZone(to, change.zone);
        return true;
      case 'zone-remove':
        this.#removeZone(to, change.apex);
        return true;
      case 'retired-put':
        if (!to.zones.has(change.retired.apex)) to.retired.set(change.retired.apex, change.retired.serial);
        return true;
      // A zone that is not there takes nothing: replayed over a later state, it may have been removed since.
      case 'rrset-put':
        to.zones.get(change.apex)?.putRRset(change.owner, change.rrset);
        return true;
      case 'rrset-remove':
        to.zones.get(change.apex)?.removeRRset(change.owner, change.type);
        return true;
      case 'host-put':
        this.#putHost(to, change.host);
        return true;
      case 'host-remove':
        to.zones.get(change.zone)?.removeHost(change.name);
        this.#note(to, change.name, undefined);
        return true;
      default:
        return false;
    }
  }

  #putZone(to: ZoneMaps, settings: ZoneSettings): void {
    const zone = to.zones.get(settings.apex);
    if (zone !== undefined) {
      zone.replaceSettings(settings);
      return;
    }
    const columns = new StoredHostColumns(settings.apex, this.#accountNames);
    to.zones.set(settings.apex, new Zone<Host>(settings, columns));
    to.retired.delete(settings.apex);
  }

  #putHost(to: ZoneMaps, host: Host): void {
    const zone = to.zones.get(host.zone);
    if (zone === undefined) return;
    zone.putHost(host);
    this.#note(to, host.name, host.derived?.router);
  }

  #removeZone(to: ZoneMaps, apex: Name): void {
    const { zones, retired } = to;
    const zone = zones.get(apex);
    if (zone === undefined) return;
    for (const name of [...this.#derived.names()])
      if (zone.host(name) !== undefined) this.#note(to, name, undefined);
    zones.delete(apex);
    retired.set(apex, zone.settings.serial);
  }

  #note({ notes }: ZoneMaps, host: Name, router: Name | undefined): void {
    if (notes === undefined) this.#derived.note(host, router);
    else if (router !== undefined || this.#derived.has(host)) notes.push([host, router]);
  }
}
