// Compatibility dates and flags: the table itself, and how it is resolved.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  compatibilityFeatures,
  type FlagSource,
  knownFlags,
  resolveCompatibility,
} from "../../runtime/config/compatibility.ts";
import { nearestName } from "../../runtime/config/nearest.ts";

const source: FlagSource = {
  place: (index) => `wrangler.toml:${index ?? "list"}`,
  assignment: (flags) => `flags: ${flags.join(" ")}`,
};

function resolve(date: string, ...flags: string[]) {
  return resolveCompatibility(date, ["python_workers", ...flags], source);
}

describe("the table of compatibility flags", () => {
  it("names each flag once", () => {
    const names = compatibilityFeatures.flatMap((feature) => [feature.enable, feature.disable ?? []].flat());
    assert.equal(new Set(names).size, names.length);
  });

  it("holds valid dates and requirements that stand before their users", () => {
    const seen = new Set<string>();
    for (const feature of compatibilityFeatures) {
      if (feature.since !== undefined) assert.equal(new Date(feature.since).toISOString().slice(0, 10), feature.since);
      if (feature.sinceRequires !== undefined) assert.ok(seen.has(feature.sinceRequires), feature.enable);
      seen.add(feature.enable);
    }
  });
});

describe("resolving", () => {
  it("turns a feature on from its date on", () => {
    assert.ok(!resolve("2024-12-31").has("python_run_sync"));
    assert.ok(resolve("2025-01-01").has("python_run_sync"));
  });

  it("lets a flag go before the date", () => {
    assert.ok(resolve("2024-01-01", "python_run_sync").has("python_run_sync"));
    assert.ok(!resolve("2026-01-01", "no_python_run_sync").has("python_run_sync"));
  });

  it("counts a date only with the feature it requires", () => {
    assert.ok(resolve("2025-10-16").has("python_dedicated_snapshot"));
    assert.ok(!resolve("2025-10-16", "no_python_workers_20250116").has("python_dedicated_snapshot"));
  });

  it("refuses contradictions", () => {
    assert.throws(
      () => resolve("2026-01-01", "python_run_sync", "no_python_run_sync"),
      /"python_run_sync" and "no_python_run_sync" contradict each other/,
    );
    assert.throws(() => resolve("2026-01-01", "python_run_sync", "python_run_sync"), /is given twice/);
  });

  it("refuses unknown flags and suggests the nearest", () => {
    assert.throws(() => resolve("2026-01-01", "python_runsync"), /"python_runsync"\. Did you mean "python_run_sync"\?/);
    assert.throws(() => resolve("2026-01-01", "zzzzzz"), /The flags are: python_workers, /);
  });

  it("says which line gives python_workers", () => {
    assert.throws(
      () => resolveCompatibility("2026-01-01", [], source),
      /wrangler\.toml:list: .* Add this line at its top: flags: python_workers$/,
    );
    assert.throws(
      () => resolveCompatibility("2026-01-01", ["python_run_sync"], source),
      /Change its compatibility_flags to: flags: python_workers python_run_sync$/,
    );
  });
});

describe("nearestName", () => {
  it("finds a name that is mistyped, and none for a strange one", () => {
    assert.equal(nearestName("python_worker", knownFlags), "python_workers");
    assert.equal(nearestName("PYTHON_WORKERS", knownFlags), "python_workers");
    assert.equal(nearestName("qqqqqqqq", knownFlags), undefined);
  });
});
