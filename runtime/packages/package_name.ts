// Names of packages.

/** As PEP 503 has it: one of all that mean the same. */
export const normalizedName = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, "-");
