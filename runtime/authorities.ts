// The certificates that TLS of the guest trusts by default: those of Node, so that NODE_EXTRA_CA_CERTS and --use-system-ca count.
import { getCACertificates } from "node:tls";

/** In PEM, one after another. */
export const defaultAuthorities = (): string => getCACertificates("default").join("\n");
