// Node's promises of files, loaded when somebody asks for an asset: few Workers have any, and loading them takes longer than most of what a
// thread loads.
export const promises = () => process.getBuiltinModule("node:fs/promises");
