/*
 * The set "revocation": a certificate, with an authority of its own, for each
 * thing that may become of a CRL or an OCSP answer.
 *
 * Each has two addresses: NAME@require.example, to be judged with revocation =
 * "require", and NAME@prefer.example. CRLs are only where the certificates say:
 * below URL, on pkiserver. Those of OCSP name `run/NAME` (a script that a test
 * puts there; the responder's files are web/responder/) or an answer made here.
 * The table wants "unknown" where some place can be asked, or once can, and
 * revocation_unknown (none, for good) where a certificate names only places of
 * kinds that nobody asks.
 */
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/cases/cases.h"
#include "tests/cases/publish.h"

#define REVOKED(reason) (CRL_REASON_##reason + 1)

/* In a template, %u is URL, %n the case's name, %t the trap's port, %f the folder web/. */
static const struct row {
    const char *name, *require, *prefer, *description;
    const char *place;        /* template of crlDistributionPoints; NULL: as `crl` */
    const char *ocsp;         /* template of where OCSP is; it then has no distribution point */
    const char *answer;       /* what web/NAME.ors is: "good" "expired" "nonce" "stranger" "no-usage" "other"; NULL: none */
    int revoked, delta;       /* CRLReason and 1, in the CRL and in its delta; 0: not listed, or no delta */
    int until_hours;          /* of the CRL; 0: 240 */
    const char *scope;        /* template of its issuingDistributionPoint */
    bool other_key, unpublished, issuer_revoked, indirect, has_delta;
} rows[] = {
    {"good", "usable", "usable", "a CRL that does not list it"},
    {"revoked", "revoked", "revoked", "a CRL that lists it", .revoked = REVOKED(KEY_COMPROMISE)},
    {"issuer-revoked", "issuer_revoked", "issuer_revoked", "the root's CRL lists its issuer", .issuer_revoked = true},
    {"hold", "revoked", "revoked", "on hold", .revoked = REVOKED(CERTIFICATE_HOLD)},
    {"unhold", "usable", "usable", "on hold, and removed from it by the delta", .revoked = REVOKED(CERTIFICATE_HOLD),
     .has_delta = true, .delta = REVOKED(REMOVE_FROM_CRL)},
    {"delta-good", "usable", "usable", "neither CRL nor delta list it", .has_delta = true},
    {"delta-revoked", "revoked", "revoked", "the delta lists it", .has_delta = true, .delta = REVOKED(KEY_COMPROMISE)},
    {"stale", "unknown", "usable", "a CRL past its nextUpdate", .until_hours = -24},
    {"other-key", "unknown", "usable", "a CRL that another key signed", .other_key = true},
    {"scope-right", "usable", "usable", "a CRL of the very distribution point",
     .scope = "critical,fullname:URI:%u/ok/%n.crl"},
    {"scope-wrong", "unknown", "usable", "a CRL of another distribution point",
     .scope = "critical,fullname:URI:%u/ok/another.crl"},
    {"scope-cas", "unknown", "usable", "a CRL about CAs only", .scope = "critical,onlyCA:TRUE"},
    {"indirect-good", "usable", "usable", "another CA's CRL does not list it", .indirect = true},
    {"indirect-revoked", "revoked", "revoked", "another CA's CRL lists it", .indirect = true,
     .revoked = REVOKED(AFFILIATION_CHANGED)},
    {"redirected", "usable", "usable", "a redirect leads to the CRL", "URI:%u/redirect?to=%u/ok/%n.crl"},
    {"late", "unknown", "usable", "a CRL that is not there yet", .unpublished = true},
    {"down", "unknown", "usable", "asked for while the server is down"},
    {"hanging", "unknown", "usable", "a server that never answers", "URI:%u/hang/%n.crl"},
    {"dripping", "unknown", "usable", "an octet a second", "URI:%u/slow/%n.crl"},
    {"big", "unknown", "usable", "200 MB", "URI:%u/big/%n.crl"},
    {"big-chunked", "unknown", "usable", "200 MB that were not announced", "URI:%u/bigchunked/%n.crl"},
    {"cut", "unknown", "usable", "half a CRL", "URI:%u/cut/%n.crl"},
    {"html", "unknown", "usable", "a page for people", "URI:%u/html/%n.crl"},
    {"loop", "unknown", "usable", "redirects without end", "URI:%u/loop/1"},
    {"to-loopback", "unknown", "usable", "a redirect to loopback", "URI:%u/redirect?to=http://127.0.0.2:%t/ok/%n.crl"},
    {"to-file", "unknown", "usable", "a redirect to a file that would do", "URI:%u/redirect?to=file://%f/%n.crl"},
    {"to-ldap", "unknown", "usable", "a redirect to LDAP on loopback",
     "URI:%u/redirect?to=ldap://127.0.0.2:%t/cn=x?certificateRevocationList;binary"},
    {"trap-loopback", "unknown", "usable", "loopback", "URI:http://127.0.0.2:%t/%n.crl"},
    {"trap-ipv6", "unknown", "usable", "loopback, IPv6", "URI:http://[::1]:%t/%n.crl"},
    {"trap-mapped", "unknown", "usable", "IPv4 in IPv6", "URI:http://[::ffff:127.0.0.2]:%t/%n.crl"},
    {"trap-mapped-hex", "unknown", "usable", "the same in hexadecimal", "URI:http://[::ffff:7f00:2]:%t/%n.crl"},
    {"trap-compatible", "unknown", "usable", "the compatible form", "URI:http://[::127.0.0.2]:%t/%n.crl"},
    {"trap-nat64", "unknown", "usable", "NAT64", "URI:http://[64:ff9b::7f00:2]:%t/%n.crl"},
    {"trap-decimal", "unknown", "usable", "one decimal number", "URI:http://2130706434:%t/%n.crl"},
    {"trap-octal", "unknown", "usable", "octal", "URI:http://0177.0.0.02:%t/%n.crl"},
    {"trap-hex", "unknown", "usable", "hexadecimal", "URI:http://0x7f000002:%t/%n.crl"},
    {"trap-short", "unknown", "usable", "a short form", "URI:http://127.2:%t/%n.crl"},
    {"trap-zero", "unknown", "usable", "no address", "URI:http://0.0.0.0:%t/%n.crl"},
    {"trap-zero-ipv6", "unknown", "usable", "no address, IPv6", "URI:http://[::]:%t/%n.crl"},
    {"trap-cgnat", "unknown", "usable", "carrier-grade NAT", "URI:http://100.64.0.1:%t/%n.crl"},
    {"trap-private", "unknown", "usable", "a private network", "URI:http://10.0.0.1:%t/%n.crl"},
    {"trap-link-local", "unknown", "usable", "link-local, where clouds keep secrets",
     "URI:http://169.254.169.254/latest/meta-data"},
    {"trap-ldap", "unknown", "usable", "LDAP",
     "URI:ldap://127.0.0.2:%t/cn=x?certificateRevocationList;binary"},
    {"trap-ldap-ipv6", "unknown", "usable", "LDAP over IPv6",
     "URI:ldap://[::1]:%t/cn=x?certificateRevocationList;binary"},
    {"trap-ldaps", "revocation_unknown", "usable", "LDAP over TLS",
     "URI:ldaps://127.0.0.2:%t/cn=x?certificateRevocationList;binary"},
    {"trap-https", "unknown", "usable", "HTTPS", "URI:https://127.0.0.2:%t/%n.crl"},
    {"trap-user", "unknown", "usable", "a host in the password's place", "URI:http://public.example:x@127.0.0.2:%t/%n.crl"},
    {"trap-gopher", "revocation_unknown", "usable", "gopher", "URI:gopher://127.0.0.2:%t/_x"},
    {"trap-ftp", "revocation_unknown", "usable", "FTP", "URI:ftp://127.0.0.2:%t/%n.crl"},
    {"trap-file", "revocation_unknown", "usable", "a file that would do", "URI:file://%f/%n.crl"},
    {"ocsp-good", "usable", "usable", "openssl ocsp says good", .ocsp = "%u/run/%n"},
    {"ocsp-revoked", "revoked", "revoked", "openssl ocsp says revoked", .ocsp = "%u/run/%n"},
    {"ocsp-unknown", "unknown", "usable", "openssl ocsp does not know it", .ocsp = "%u/run/%n"},
    {"ocsp-delegated", "usable", "usable", "a responder that its issuer named", .ocsp = "%u/run/%n"},
    {"ocsp-plain", "usable", "usable", "a ready-made answer, which has no nonce", .ocsp = "%u/ocsp/%n.ors", .answer = "good"},
    {"ocsp-expired", "unknown", "usable", "past its nextUpdate", .ocsp = "%u/ocsp/%n.ors", .answer = "expired"},
    {"ocsp-nonce", "unknown", "usable", "another request's nonce", .ocsp = "%u/ocsp/%n.ors", .answer = "nonce"},
    {"ocsp-stranger", "unknown", "usable", "from a responder of another CA", .ocsp = "%u/ocsp/%n.ors", .answer = "stranger"},
    {"ocsp-no-usage", "unknown", "usable", "from a certificate that is no responder's", .ocsp = "%u/ocsp/%n.ors",
     .answer = "no-usage"},
    {"ocsp-other", "unknown", "usable", "about another certificate", .ocsp = "%u/ocsp/%n.ors", .answer = "other"},
    {"ocsp-garbage", "unknown", "usable", "no OCSP at all", .ocsp = "%u/html/%n"},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

struct making {
    struct cases *cases;
    struct authority root, crl_issuer, stranger;
    struct revoked_serial revoked_issuers[ROW_COUNT];
    size_t revoked_count;
    char folder[4 * CASE_TEXT_BYTES];
    char root_place[CASE_TEXT_BYTES];
};

static void expand(const struct making *making, const struct row *row, const char *template, char *out, size_t size)
{
    size_t used = 0;

    for (const char *at = template; *at != '\0' && used < size - 1; at++) {
        const char *text = at[0] != '%'    ? NULL
                           : at[1] == 'u' ? making->cases->web
                           : at[1] == 'n' ? row->name
                           : at[1] == 't' ? making->cases->trap
                                          : making->folder;
        if (text != NULL) {
            used += (size_t)snprintf(out + used, size - used, "%s", text);
            at++;
        } else {
            out[used++] = *at;
        }
    }
    must(used < size, "too long");
    out[used] = '\0';
}

/* The two certificates that a case has, its issuer's and its own, and what they say about revocation. */
struct made {
    struct authority issuer;
    X509 *leaf;
    char place[2 * CASE_TEXT_BYTES], scope[CASE_TEXT_BYTES], delta_place[CASE_TEXT_BYTES], sections[4 * CASE_TEXT_BYTES];
};

static void describe(const struct making *making, const struct row *row, struct made *made)
{
    if (row->indirect) {
        snprintf(made->place, sizeof(made->place), "point");
        snprintf(made->sections, sizeof(made->sections),
                 "[point]\nfullname=URI:%s/ok/%s.crl\nCRLissuer=dirName:name\n"
                 "[name]\nC=XX\nO=Example\nCN=Revocation CRL Issuer\n"
                 "[scope]\nfullname=URI:%s/ok/%s.crl\nindirectCRL=TRUE\n",
                 making->cases->web, row->name, making->cases->web, row->name);
        snprintf(made->scope, sizeof(made->scope), "critical,@scope");
    } else if (row->ocsp != NULL) {
        char url[CASE_TEXT_BYTES];
        expand(making, row, row->ocsp, url, sizeof(url));
        snprintf(made->place, sizeof(made->place), "OCSP;URI:%s", url);
    } else {
        expand(making, row, row->place != NULL ? row->place : "URI:%u/ok/%n.crl", made->place, sizeof(made->place));
        expand(making, row, row->scope != NULL ? row->scope : "", made->scope, sizeof(made->scope));
    }
    expand(making, row, "URI:%u/ok/%n-delta.crl", made->delta_place, sizeof(made->delta_place));
}

static void issue(struct making *making, const struct row *row, struct made *made)
{
    char common_name[CASE_TEXT_BYTES], texts[2][CASE_TEXT_BYTES];
    const char *addresses[] = {texts[0], texts[1]};

    snprintf(common_name, sizeof(common_name), "Revocation CA %s", row->name);
    snprintf(texts[0], sizeof(texts[0]), "%s@require.example", row->name);
    snprintf(texts[1], sizeof(texts[1]), "%s@prefer.example", row->name);
    struct certificate_spec authority = case_authority_spec(common_name, &making->root);
    authority.extensions[CASE_FIRST] = (struct extension_spec){"crlDistributionPoints", making->root_place};
    authority_new(&made->issuer, row->name, KEY_P256, authority);
    case_write_authority("intermediates", &made->issuer);

    struct certificate_spec spec = case_spec(row->name, addresses, 2, &made->issuer, KEY_P256);
    spec.sections = row->indirect ? made->sections : NULL;
    spec.extensions[CASE_FIRST] =
        (struct extension_spec){row->ocsp != NULL ? "authorityInfoAccess" : "crlDistributionPoints", made->place};
    if (row->has_delta) {
        spec.extensions[CASE_SECOND] = (struct extension_spec){"freshestCRL", made->delta_place};
    }
    made->leaf = certificate_issue(&spec);
    EVP_PKEY_free(spec.key);
    for (size_t i = 0; i < 2; i++) {
        case_add(making->cases, &(struct case_entry){addresses[i], certificate_der(made->leaf), false,
                                                     i == 0 ? row->require : row->prefer, row->name, row->description});
    }
}

static void write_web(const char *name, const char *ending, struct der der)
{
    char path[CASE_TEXT_BYTES];

    snprintf(path, sizeof(path), "web/%s%s", name, ending);
    case_write(path, der);
}

static void publish(struct making *making, const struct row *row, const struct made *made)
{
    struct crl_spec spec = {
        .issuer = row->indirect ? &making->crl_issuer : &made->issuer,
        .key = row->other_key ? making->stranger.key : NULL,
        .scope = made->scope[0] != '\0' ? made->scope : NULL,
        .sections = made->sections,
        .number = 10,
        .from_hours = -48,
        .until_hours = row->until_hours != 0 ? row->until_hours : 240,
    };

    if (row->revoked != 0) {
        spec.entries[0] = (struct crl_entry){made->leaf, row->revoked - 1, row->indirect};
    }
    write_web(row->name, row->unpublished ? ".crl.later" : ".crl", crl_publish(&spec));
    if (row->has_delta) {
        spec.number = 11;
        spec.base_number = 10;
        spec.from_hours = -24;
        spec.entries[0] = row->delta != 0 ? (struct crl_entry){made->leaf, row->delta - 1, false} : (struct crl_entry){0};
        write_web(row->name, "-delta.crl", crl_publish(&spec));
    }
    if (row->until_hours < 0) { /* what takes its place later */
        spec.until_hours = 240;
        spec.from_hours = -1;
        spec.number = 12;
        write_web(row->name, ".crl.later", crl_publish(&spec));
    }
}

/* A certificate for who answers OCSP requests; its key is left in `authority`, which issues nothing. */
static void make_responder(struct authority *responder, const struct authority *issuer, const char *extended_usage)
{
    struct certificate_spec spec = case_authority_spec("Revocation Responder", issuer);

    spec.extensions[CASE_USAGE].value = "critical,digitalSignature";
    spec.extensions[CASE_BASIC].value = "CA:FALSE";
    spec.extensions[CASE_EXTENDED_USAGE].value = extended_usage;
    spec.extensions[CASE_FIRST] = (struct extension_spec){"noCheck", "ignored"};
    authority_new(responder, "responder", KEY_P256, spec);
}

static void answer(const struct making *making, const struct row *row, const struct made *made)
{
    bool stranger = strcmp(row->answer, "stranger") == 0, expired = strcmp(row->answer, "expired") == 0;
    bool other = strcmp(row->answer, "other") == 0;
    struct authority responder;

    make_responder(&responder, stranger ? &making->stranger : &made->issuer,
                   strcmp(row->answer, "no-usage") == 0 ? "emailProtection" : "OCSPSigning");
    write_web(row->name, ".ors", ocsp_publish(&(struct ocsp_spec){
        .subject = other ? responder.certificate : made->leaf,
        .issuer = made->issuer.certificate,
        .signer = responder.certificate,
        .key = responder.key,
        .from_hours = expired ? -48 : -1,
        .until_hours = expired ? -24 : 24,
        .nonce = strcmp(row->answer, "nonce") == 0 ? "somebody else's nonce" : NULL,
    }));
    authority_free(&responder);
}

/* What `openssl ocsp` wants of its own authority: index.txt (ca(1)), certificates and keys, in web/. */
static void feed_responder(const struct row *row, const struct made *made)
{
    bool known = strcmp(row->name, "ocsp-unknown") != 0, revoked = strcmp(row->name, "ocsp-revoked") == 0;
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(made->leaf), NULL);
    char *serial = BN_bn2hex(number);
    char path[CASE_TEXT_BYTES];
    struct authority responder;

    make_responder(&responder, &made->issuer, "OCSPSigning");
    responder.file = row->name;
    snprintf(path, sizeof(path), "web/%s.index", row->name);
    FILE *index = fopen(path, "w");
    must(index != NULL, path);
    if (known) {
        fprintf(index, "%s\t491231235959Z\t%s\t%s\tunknown\t/CN=%s\n", revoked ? "R" : "V",
                revoked ? "260101000000Z,keyCompromise" : "", serial, row->name);
    }
    must(fclose(index) == 0, path);
    case_write_authority("web", &responder);
    snprintf(path, sizeof(path), "web/%s.key", row->name);
    case_write_key(path, strcmp(row->name, "ocsp-delegated") == 0 ? responder.key : made->issuer.key);
    authority_free(&responder);
    OPENSSL_free(serial);
    BN_free(number);
}

static void make_row(struct making *making, const struct row *row)
{
    struct made made = {0};

    describe(making, row, &made);
    issue(making, row, &made);
    if (row->ocsp == NULL) {
        publish(making, row, &made);
    } else if (row->answer != NULL) {
        answer(making, row, &made);
    } else {
        feed_responder(row, &made);
    }
    if (row->issuer_revoked) {
        making->revoked_issuers[making->revoked_count++] = (struct revoked_serial){
            &making->root, ASN1_INTEGER_dup(X509_get0_serialNumber(made.issuer.certificate)), CRL_REASON_CA_COMPROMISE};
    }
    X509_free(made.leaf);
    authority_free(&made.issuer);
}

static void write_root(struct making *making)
{
    case_write_crl("web", &making->root, making->revoked_issuers, making->revoked_count);
    case_write_authority("anchors", &making->root);
    case_write_authority("intermediates", &making->crl_issuer);
}

void revocation_make(struct cases *cases)
{
    struct making making = {.cases = cases};
    char here[CASE_TEXT_BYTES];

    must(getcwd(here, sizeof(here)) != NULL, "folder");
    snprintf(making.folder, sizeof(making.folder), "%s/web", here);
    snprintf(making.root_place, sizeof(making.root_place), "URI:%s/ok/root.crl", cases->web);
    authority_new(&making.root, "root", KEY_P256, case_authority_spec("Revocation Root CA", NULL));
    authority_new(&making.stranger, "stranger", KEY_P256, case_authority_spec("Revocation Stranger CA", NULL));
    struct certificate_spec spec = case_authority_spec("Revocation CRL Issuer", &making.root);
    spec.extensions[CASE_FIRST] = (struct extension_spec){"crlDistributionPoints", making.root_place};
    authority_new(&making.crl_issuer, "crl-issuer", KEY_P256, spec);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        make_row(&making, &rows[i]);
    }
    write_root(&making);
    for (size_t i = 0; i < making.revoked_count; i++) {
        ASN1_INTEGER_free(making.revoked_issuers[i].serial);
    }
    authority_free(&making.root);
    authority_free(&making.stranger);
    authority_free(&making.crl_issuer);
}
