// The certificates that TLS of the guest trusts by default: those of Node, so that NODE_EXTRA_CA_CERTS and --use-system-ca count.
//
// Node's TLS is loaded when somebody asks.

/** In PEM, one after another. */
export const defaultAuthorities = (): string =>
  process.getBuiltinModule("node:tls").getCACertificates("default").join("\n");
