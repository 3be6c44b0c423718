#include "http/authorities.h"

#include <gnutls/x509.h>
#include <stdlib.h>

#include "base/clock.h"

/* The path that a client sends; GnuTLS itself takes no longer ones from files. */
#define CHAIN_MAX 16

/* What else a path rests on, its issuers, may end at any time. */
#define LOOK_AGAIN_S 3600

#define TLS_NAMES_LOOKED_AT 100

int authorities_fault(const char *setting, const char *thing, int result, struct error *error)
{
    return result >= 0 ? 0 : error_set(error, "%s: no %s in PEM that can be read: %s", setting, thing,
                                       gnutls_strerror(result));
}

gnutls_datum_t authorities_datum(struct bytes bytes)
{
    return (gnutls_datum_t){.data = (unsigned char *)bytes.data, .size = (unsigned)bytes.size};
}

/* How long what an authority says of revocation holds: GnuTLS compares serial numbers, and asks no list whether it is
 * of today. Of several lists of one authority the one that holds longest. */
struct crl_life {
    gnutls_datum_t issuer; /* its name in DER */
    int64_t from, until;   /* wall seconds */
};

struct authorities {
    size_t count;
    struct crl_life lives[];
};

/* The place of this issuer's; the one behind all where there is none. */
static size_t find_life(const struct authorities *authorities, gnutls_datum_t issuer)
{
    struct bytes wanted = bytes_of(issuer.data, issuer.size);
    size_t i = 0;

    while (i < authorities->count &&
           !bytes_equal(bytes_of(authorities->lives[i].issuer.data, authorities->lives[i].issuer.size), wanted)) {
        i++;
    }
    return i;
}

static bool note_life(struct authorities *authorities, gnutls_x509_crl_t crl)
{
    struct crl_life life = {
        .from = gnutls_x509_crl_get_this_update(crl),
        .until = gnutls_x509_crl_get_next_update(crl),
    };

    if (gnutls_x509_crl_get_raw_issuer_dn(crl, &life.issuer) < 0) {
        return false;
    }
    life.until = life.until > 0 ? life.until : INT64_MAX;
    size_t place = find_life(authorities, life.issuer);
    struct crl_life *known = &authorities->lives[place];

    if (place == authorities->count) {
        authorities->lives[authorities->count++] = life;
        return true;
    }
    gnutls_free(life.issuer.data);
    if (life.until > known->until) {
        known->from = life.from;
        known->until = life.until;
    }
    return true;
}

/* Whether one of the authorities signed it: GnuTLS does not ask that of a list that it has. That it is out of date is
 * no fault here. */
static bool is_signed(gnutls_x509_crl_t crl, const gnutls_x509_crt_t *authorities, unsigned authority_count)
{
    static const unsigned bad = GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA |
                                GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE | GNUTLS_CERT_SIGNATURE_FAILURE |
                                GNUTLS_CERT_INSECURE_ALGORITHM;
    unsigned status = bad;

    return gnutls_x509_crl_verify(crl, authorities, (int)authority_count, 0, &status) >= 0 && (status & bad) == 0;
}

/* Takes each list over, or frees it. */
static int add_crls(gnutls_certificate_credentials_t gnutls, struct authorities *known, const gnutls_x509_crl_t *crls,
                    unsigned crl_count, const gnutls_x509_crt_t *authorities, unsigned authority_count,
                    struct error *error)
{
    gnutls_x509_trust_list_t trusted;
    unsigned good = 0;

    gnutls_certificate_get_trust_list(gnutls, &trusted);
    for (unsigned i = 0; i < crl_count; i++) {
        if (is_signed(crls[i], authorities, authority_count) && note_life(known, crls[i]) &&
            gnutls_x509_trust_list_add_crls(trusted, &crls[i], 1, 0, 0) == 1) {
            good++;
        } else {
            gnutls_x509_crl_deinit(crls[i]);
        }
    }
    if (good < crl_count) {
        return error_set(error, "tls.client-crl-file: of its %u lists, %u are signed by no authority of client-ca-file",
                         crl_count, crl_count - good);
    }
    return 0;
}

/* What there is to know of the lists in the file. */
static struct authorities *read_crls(gnutls_certificate_credentials_t gnutls, struct bytes file,
                                     const gnutls_x509_crt_t *authorities, unsigned authority_count,
                                     struct error *error)
{
    gnutls_datum_t content = authorities_datum(file);
    gnutls_x509_crl_t *crls = NULL;
    unsigned crl_count = 0;
    int result = file.size == 0
                     ? 0 : gnutls_x509_crl_list_import2(&crls, &crl_count, &content, GNUTLS_X509_FMT_PEM, 0);

    if (authorities_fault("tls.client-crl-file", "revocation list", result, error) != 0) {
        return NULL;
    }
    struct authorities *known = calloc(1, sizeof(*known) + crl_count * sizeof(known->lives[0]));

    if (known == NULL) {
        error_set(error, "out of memory");
        crl_count = 0;
    }
    if (crl_count > 0 && add_crls(gnutls, known, crls, crl_count, authorities, authority_count, error) != 0) {
        authorities_free(&known);
    }
    gnutls_free(crls);
    return known;
}

struct authorities *authorities_read(gnutls_certificate_credentials_t gnutls, const struct http_tls *config,
                                     struct error *error)
{
    gnutls_datum_t content = authorities_datum(config->client_authorities);
    gnutls_x509_crt_t *authorities = NULL;
    struct authorities *known = NULL;
    unsigned authority_count = 0;
    int result = gnutls_x509_crt_list_import2(&authorities, &authority_count, &content, GNUTLS_X509_FMT_PEM, 0);

    if (result >= 0) {
        result = gnutls_certificate_set_x509_trust(gnutls, authorities, (int)authority_count);
    }
    if (authorities_fault("tls.client-ca-file", "certificate", result, error) == 0) {
        known = read_crls(gnutls, config->client_crls, authorities, authority_count, error);
    }
    while (authority_count > 0) {
        gnutls_x509_crt_deinit(authorities[--authority_count]);
    }
    gnutls_free(authorities);
    return known;
}

void authorities_free(struct authorities **authorities)
{
    if (*authorities != NULL) {
        for (size_t i = 0; i < (*authorities)->count; i++) {
            gnutls_free((*authorities)->lives[i].issuer.data);
        }
        free(*authorities);
        *authorities = NULL;
    }
}

int64_t authorities_crls_until(const struct authorities *authorities)
{
    int64_t until = INT64_MAX;

    for (size_t i = 0; i < authorities->count; i++) {
        until = authorities->lives[i].until < until ? authorities->lives[i].until : until;
    }
    return until;
}

/* Of what is wrong, the first that is: the later ones often follow from it. */
static const struct {
    unsigned status;
    const char *fault;
} faults[] = {
    {GNUTLS_CERT_SIGNER_NOT_FOUND, "it comes from none of the authorities that this gateway trusts for clients"},
    {GNUTLS_CERT_SIGNER_NOT_CA, "its issuer is no authority"},
    {GNUTLS_CERT_SIGNATURE_FAILURE, "its signature is wrong"},
    {GNUTLS_CERT_REVOKED, "it has been revoked"},
    {GNUTLS_CERT_EXPIRED, "it has expired"},
    {GNUTLS_CERT_NOT_ACTIVATED, "it is not valid yet"},
    {GNUTLS_CERT_PURPOSE_MISMATCH, "it is not for clients of TLS"},
    {GNUTLS_CERT_INSECURE_ALGORITHM, "it is signed by an algorithm that is not secure"},
    {GNUTLS_CERT_INVALID, "it does not verify"},
};

static const char *fault_of_status(unsigned status)
{
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        if ((status & faults[i].status) != 0) {
            return faults[i].fault;
        }
    }
    return status == 0 ? NULL : "it does not verify";
}

static const char *verify(gnutls_certificate_credentials_t gnutls, gnutls_x509_crt_t *chain, unsigned length)
{
    gnutls_typed_vdata_st purpose = {GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT, 0};
    gnutls_x509_trust_list_t trusted;
    unsigned status = GNUTLS_CERT_INVALID;

    gnutls_certificate_get_trust_list(gnutls, &trusted);
    int result = gnutls_x509_trust_list_verify_crt2(trusted, chain, length, &purpose, 1, 0, &status, NULL);

    return result < 0 ? gnutls_strerror(result) : fault_of_status(status);
}

/* Of each certificate that came, its authority's list has to be of today, if there is one: whoever was revoked since
 * would stand in the next one. `until`: no later than it is. */
static const char *check_lives(const struct authorities *authorities, gnutls_x509_crt_t *chain, unsigned length,
                               int64_t *until)
{
    int64_t now = clock_wall_s();
    gnutls_datum_t issuer;

    for (unsigned i = 0; i < length; i++) {
        if (gnutls_x509_crt_get_raw_issuer_dn(chain[i], &issuer) < 0) {
            return "it cannot be read";
        }
        size_t place = find_life(authorities, issuer);
        const struct crl_life *life = place < authorities->count ? &authorities->lives[place] : NULL;

        gnutls_free(issuer.data);
        if (life != NULL && (now < life->from || now >= life->until)) {
            return now < life->from ? "its authority's revocation list is of the future"
                                    : "its authority's revocation list is out of date";
        }
        *until = life != NULL && life->until < *until ? life->until : *until;
    }
    return NULL;
}

/* Keeps a name that a line of the tokens file can have. */
static void add_name(struct tls_client *client, const char *name, size_t size)
{
    if (tokens_is_name(bytes_of(name, size))) {
        memcpy(client->names[client->name_count], name, size);
        client->names[client->name_count++][size] = '\0';
    }
}

/* There is always a place for the common name. */
static void read_names(gnutls_x509_crt_t certificate, struct tls_client *client)
{
    char name[MAX_TOKEN_NAME_BYTES + 1];
    int result = 0;

    for (unsigned i = 0; result != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE && client->name_count < TLS_NAMES_MAX - 1 &&
                         i < TLS_NAMES_LOOKED_AT; i++) {
        size_t size = sizeof(name);

        result = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &size, NULL);
        if (result == GNUTLS_SAN_DNSNAME) {
            add_name(client, name, size);
        }
    }
    size_t size = sizeof(name);

    if (gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size) == 0) {
        add_name(client, name, size);
    }
}

static void read_client(const struct authorities *authorities, gnutls_certificate_credentials_t gnutls,
                        gnutls_x509_crt_t *chain, unsigned length, struct tls_client *client)
{
    int64_t end = (int64_t)gnutls_x509_crt_get_expiration_time(chain[0]);

    client->until = end < client->until ? end : client->until;
    client->fault = verify(gnutls, chain, length);
    if (client->fault == NULL) {
        client->fault = check_lives(authorities, chain, length, &client->until);
    }
    if (client->fault == NULL) {
        read_names(chain[0], client);
    }
}

void authorities_find_client(const struct authorities *authorities, gnutls_certificate_credentials_t gnutls,
                             gnutls_session_t session, struct tls_client *client)
{
    gnutls_x509_crt_t chain[CHAIN_MAX];
    unsigned length = 0, count = 0;
    const gnutls_datum_t *sent = gnutls_certificate_get_peers(session, &length);

    if (sent == NULL || length == 0) {
        return;
    }
    client->is_shown = true;
    client->until = clock_wall_s() + LOOK_AGAIN_S;
    client->fingerprint = digest_sha256(bytes_of(sent[0].data, sent[0].size));
    client->fault = length > CHAIN_MAX ? "it came with too many others" : "it cannot be read";
    while (length <= CHAIN_MAX && count < length && gnutls_x509_crt_init(&chain[count]) == 0) {
        count++;
        if (gnutls_x509_crt_import(chain[count - 1], &sent[count - 1], GNUTLS_X509_FMT_DER) < 0) {
            goto out;
        }
    }
    if (count == length) {
        read_client(authorities, gnutls, chain, length, client);
    }
out:
    while (count > 0) {
        gnutls_x509_crt_deinit(chain[--count]);
    }
}
