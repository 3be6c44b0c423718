/*
 * Certificates, CRLs and policies as a test wants them, made on the spot.
 *
 * Whatever fails here ends the test program. Keys are made once and live as
 * long as the process. Times are seconds from MADE_NOW, the `now` of all tests.
 */
#ifndef TESTS_UNIT_MADE_H
#define TESTS_UNIT_MADE_H

#include <openssl/x509.h>

#include "base/answer.h"
#include "x509/judge.h"

#define MADE_NOW 1800000000
#define MADE_DAY 86400
#define MADE_ADDRESS "alice@example.org"

enum made_key {
    MADE_RSA,
    MADE_RSA_2,
    MADE_RSA_CA,
    MADE_RSA_CA_2,
    MADE_RSA_ROOT,
    MADE_RSA_1024,
    MADE_P256,
    MADE_P384,
    MADE_P521,
    MADE_BRAINPOOL,
    MADE_BRAINPOOL_384,
    MADE_BRAINPOOL_512,
    MADE_SECP256K1,
    MADE_P256_EXPLICIT,
    MADE_X25519,
    MADE_X448,
    MADE_ED25519,
    MADE_DSA,
    MADE_RSA_PSS,
    MADE_DH,
    MADE_KEY_COUNT
};

EVP_PKEY *made_key(enum made_key which);

#define MADE_EXTENSIONS 10
#define MADE_RAW_NAMES 4

/* Left out means: CN=Alice, signed with SHA-256 by `issuer_key`, version 3, valid from ten days ago for a year. */
struct made {
    const char *subject; /* "CN=Alice,O=Example"; "-": empty */
    const X509 *issuer; /* NULL: self-signed */
    enum made_key key, issuer_key; /* with issuer NULL: issuer_key is not looked at */
    const char *extensions[MADE_EXTENSIONS]; /* "keyUsage=critical,keyEncipherment", as in openssl.cnf */
    struct made_name {
        enum {
            MADE_RFC822 = 1,
            MADE_SMTP_UTF8,
            MADE_SMTP_UTF8_IA5,
            MADE_DNS,
            MADE_URI,
            MADE_IP,
            MADE_UPN, /* otherName, as Microsoft's */
            MADE_SUBJECT_IA5,
            MADE_SUBJECT_UTF8,
            MADE_SUBJECT_BMP
        } kind;
        const char *bytes;
        size_t size; /* 0: strlen(bytes) */
    } names[MADE_RAW_NAMES];
    int64_t from, until; /* both 0: the default */
    const EVP_MD *digest;
    bool pss;
    int version; /* other than 3, which leaves it without a good signature; 0: version 3 */
    bool break_signature;
    int64_t serial; /* 0: the next one */
};

X509 *made_certificate(const struct made *made);

/* The usual ones: an alice with an address, keyEncipherment and emailProtection; CAs. */
X509 *made_root(const char *subject, enum made_key key);
X509 *made_intermediate(const char *subject, enum made_key key, const X509 *issuer, enum made_key issuer_key);
X509 *made_alice(enum made_key key, const X509 *issuer, enum made_key issuer_key);

struct made_crl {
    const X509 *issuer;
    enum made_key key;
    const X509 *revoked[4];
    int crl_reason; /* -1: none stated */
    int64_t this_update, next_update; /* both 0: a day ago, in a week; next_update -1: none */
    const char *extensions[4];
    const char *entry_extension; /* of each entry */
};
X509_CRL *made_crl(const struct made_crl *made);

/* A SignedData message, certs-only, DER or BER with indefinite lengths. */
struct blob *made_bundle(X509 *const *certificates, size_t count, bool indefinite);
struct blob *made_blob(const X509 *certificate);

/* A policy out of these, by way of files. Lists end with NULL. Its defaults are a gateway's: prefer, 2048 bits. */
struct made_policy {
    X509 *const *anchors, *const *intermediates;
    X509_CRL *const *crls;
    enum revocation_mode revocation;
    bool exact_local_part, allow_sha1, addressless;
    struct policy_config settings; /* the others, as policy_load() takes them; min_rsa_bits 0: 2048 */
};
struct policy *made_policy(const struct made_policy *made);

/* A fresh empty folder; made_folder_remove() takes its files with it. */
void made_folder(char path[64]);
void made_file(const char *folder, const char *name, struct bytes bytes, char path[128]);
void made_folder_remove(const char *path);
struct bytes made_pem(const X509 *certificate); /* static memory, until the next call */

/* The same question, with explain: not a word of the verdicts may change by it, and each trail agrees with its verdict.
 * `plain` is the answer without. */
void made_explained(const struct judge_request *plainly, const struct answer_draft *plain);

/* How often the made_judge…() ask: once more with explain. */
#define MADE_JUDGINGS 2

/* Judges them at MADE_NOW under this policy alone, twice: also with explain; draft->address is set from `address`. */
void made_judge_candidates(struct policy *policy, const char *address, const struct candidate *candidates, size_t count,
                           struct answer_draft *draft);

/* The verdict about one certificate in an entry with these mail values, each ended by '\n'; NULL: not known. */
enum reason made_reason_in_entry(struct policy *policy, const char *address, const X509 *certificate, const char *mails,
                                 char *detail);

/* Judges values for `address`, all of one attribute; frees the references to the values. */
void made_judge(struct policy *policy, const char *address, enum attribute attribute, struct blob **values,
                size_t count, struct answer_draft *draft);

/* The SHA-256 fingerprint in hex; static memory, one for each of the last few calls. */
const char *made_fingerprint(const X509 *certificate);

/* The verdict about one certificate, for MADE_ADDRESS. `detail` may be NULL. */
enum reason made_reason(struct policy *policy, const X509 *certificate, char *detail);

#endif
