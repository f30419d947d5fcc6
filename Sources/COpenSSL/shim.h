#ifndef APUS_COPENSSL_SHIM_H
#define APUS_COPENSSL_SHIM_H

// libcrypto only: TLS comes from NIOSSL, so the libssl headers stay out.
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#endif
