"""The package _cloudflare, which Cloudflare's SDK and packages that know its platform import."""
