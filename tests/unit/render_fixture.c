#include "tests/unit/render_fixture.h"

#include <stdlib.h>

#include "base/digest.h"

/* Until 2046, issued by each other as the names say; the EC one has a subject that means harm to terminals. */
static const char root_text[] =
    "MIIBgzCCASmgAwIBAgIBATAKBggqhkjOPQQDAjApMRAwDgYDVQQKDAdFeGFtcGxlMRUwEwYDVQQDDAxFeGFtcGxlIFJvb3QwHhcN"
    "MjYxMTIzMDc0MDIxWhcNNDYxMTE4MDc0MDIxWjApMRAwDgYDVQQKDAdFeGFtcGxlMRUwEwYDVQQDDAxFeGFtcGxlIFJvb3QwWTAT"
    "BgcqhkjOPQIBBggqhkjOPQMBBwNCAASBXM9WdE8nuQYkwmeuEtXLD+MHFrCUafrcvqFCPQEiJg0eI+24PzJT/ktv6Gd7HjX/ILxZ"
    "n34taYZH9pjnGn0eo0IwQDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAdBgNVHQ4EFgQUHESQdqt6W/25XJEodkh8"
    "b/kwOBYwCgYIKoZIzj0EAwIDSAAwRQIgNLXto3J3H9scOOFKmqvGblCwTTiUm1fUKkL3o4H+yXkCIQCn/WPzzHLgeYsuKSxSdnzL"
    "cqANPgLcgytHxKKyibFi8Q==";
static const char rsa_text[] =
    "MIICljCCAjugAwIBAgICGiswCgYIKoZIzj0EAwIwKTEQMA4GA1UECgwHRXhhbXBsZTEVMBMGA1UEAwwMRXhhbXBsZSBSb290MB4X"
    "DTI2MTEyMzA3NDAyMVoXDTQ2MDEyMjA3NDAyMVowKjEQMA4GA1UECgwHRXhhbXBsZTEWMBQGA1UEAwwNQWxpY2UgRXhhbXBsZTCC"
    "ASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBALx4uQLI+wz7yIFbRL3TdvDBQiDiGX4b2lH4VTCB3/fG4rBpKdPsNDpwFHi3"
    "pLcBOr4iESkHsBsdHsSeiFTaeloVxeu+ROvnbSmZHaKVJ7b8Wm3XQSkqTMnNDrAAFJbuzr72vARgsRMaAduiJ1yx7ZW+qlbNWltW"
    "ZZ71SOw8Yp3d1zXSFkfImRCJTQuCPCcvTTzrxGSM71s/JNwc8bwuS98HtZlO4rBVZP6fNDEq8GVdPeDgd30V0TQYKuFt3gpmWDvN"
    "hHN38uXZP0HQteRlmXLVlRLjHESJlwyoKjJEbjDV7b36AJrw8KwlFaIPjYZhcONJ8Eo9quqawq0ou2eLRVUCAwEAAaOBhjCBgzAO"
    "BgNVHQ8BAf8EBAMCBSAwEwYDVR0lBAwwCgYIKwYBBQUHAwQwHAYDVR0RBBUwE4ERYWxpY2VAZXhhbXBsZS5vcmcwHQYDVR0OBBYE"
    "FGfWwe5Iyv0z6yqwckHZIDMKVYIfMB8GA1UdIwQYMBaAFBxEkHarelv9uVyRKHZIfG/5MDgWMAoGCCqGSM49BAMCA0kAMEYCIQD9"
    "lAHcqaByZEuFO/0GOoYQJNbfqwqiaCzDh6fsQu1BegIhANRMxOSuQAe7Jp+IeFyuBR0b/69vKRZWbDw+RhqedQAA";
static const char ec_text[] =
    "MIIBqjCCAU+gAwIBAgIBAzAKBggqhkjOPQQDAjApMRAwDgYDVQQKDAdFeGFtcGxlMRUwEwYDVQQDDAxFeGFtcGxlIFJvb3QwHhcN"
    "MjYxMTIzMDc0MDIxWhcNNDYwMTIyMDc0MDIxWjAxMRAwDgYDVQQKDAdFeGFtcGxlMR0wGwYDVQQDDBRab8OrIEVTQxtbMzFtUkVE"
    "wpsxbTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKkGN9ehQwL27zzggb1I5uCRDWj+B05npoYHYLv0Og0gu1itAi/57FzVTSLX"
    "dFxAfKoZhAfq12+VL73Y0sEpnb2jYDBeMBwGA1UdEQQVMBOBEWFsaWNlQGV4YW1wbGUub3JnMB0GA1UdDgQWBBRwMaded/OWV6vB"
    "j1JFbJzI+dPh1TAfBgNVHSMEGDAWgBQcRJB2q3pb/blckSh2SHxv+TA4FjAKBggqhkjOPQQDAgNJADBGAiEAjOjjxUnZlHmcD3D5"
    "A5+LEpXWG0K//xEdlHesIefxJQ0CIQCp52eD3CJjfpagWJ3V6bBLOdOYqNjis0QcbmJQ2LNiAA==";

static struct blob *decoded(const char *text)
{
    struct buffer der;

    buffer_init(&der, MAX_VALUE_BYTES);
    if (digest_decode_base64(bytes_of_string(text), &der, false) != 0) {
        abort();
    }
    struct blob *blob = blob_new(buffer_bytes(&der));
    buffer_free(&der);
    return blob;
}

static struct certificate row(const char *der, enum reason reason, const char *detail, const char *dn, uint32_t index)
{
    struct certificate certificate = {
        .value = decoded(der),
        .chain = calloc(1, sizeof(struct blob *)),
        .chain_count = 1,
        .source = {strdup("corp"), strdup(dn), ATTRIBUTE_USER_CERTIFICATE, index,
                   strdup("alice@example.org\na.example@example.org\n")},
        .reason = reason,
        .detail = strdup(detail),
        .revocation = {.crl_reason = -1},
        .not_after = 2395294821,
    };
    certificate.der = blob_ref(certificate.value);
    certificate.chain[0] = decoded(root_text);
    return certificate;
}

static struct certificate garbage(const char *dn)
{
    return (struct certificate){
        .value = blob_new(bytes_of("\x1b[2Jgarbage", 11)),
        .source = {strdup("corp"), strdup(dn), ATTRIBUTE_USER_SMIME_CERTIFICATE, 0},
        .reason = REASON_MALFORMED,
        .detail = strdup("not \x1b]0;DER\a \xff (X.690)"),
        .revocation = {.crl_reason = -1},
    };
}

static void begin(struct answer_draft *draft, const char *address, size_t rows)
{
    *draft = (struct answer_draft){.made_at = 1800000000, .fresh_until = 1800003600};
    if (address_parse(bytes_of_string(address), &draft->address) != ADDRESS_OK) {
        abort();
    }
    draft->certificates = calloc(rows + 1, sizeof(*draft->certificates));
    draft->asked = calloc(1, sizeof(*draft->asked));
    draft->asked_count = 1;
    draft->asked[0] = (struct asked){strdup("corp"), ASKED_ANSWERED, 12, 1, (uint32_t)rows, strdup("")};
}

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static struct trail *trail_of_first(void)
{
    struct trail *trail = trail_new();

    must(trail != NULL && trail_set(&trail->place, "the only usable one") == 0);
    trail->path_reason = REASON_USABLE;
    struct trail_chain *chain = trail_add_chain(trail);
    must(chain != NULL && trail_add_link(chain, "CN=Alice", "00aa") == 0 && trail_add_link(chain, "CN=Root", "00bb") == 0);
    chain->complete = true;
    chain->reason = REASON_USABLE;
    must(trail_add_evidence(chain, &(struct trail_evidence){0, EVIDENCE_CRL, (char *)"http://crl.example/root.crl",
                                                            (char *)"4660", 1799999000, 1800100000, (char *)"good"}) == 0);
    must(trail_add_evidence(chain, &(struct trail_evidence){0, EVIDENCE_OCSP, (char *)"", (char *)"", 0, 0,
                                                            (char *)"its responder is revoked"}) == 0);
    return trail;
}

static struct trail *trail_of_second(void)
{
    struct trail *trail = trail_new();

    must(trail != NULL && trail_set(&trail->policy, "partners") == 0 && trail_set(&trail->path_text, "no way") == 0);
    trail->path_reason = REASON_UNTRUSTED;
    trail->chains_left_out = 7;
    must(trail_add_rule(&trail->rules, REASON_ADDRESS_MISMATCH, "not this one", "RFC 8550 3") == 0);
    must(trail_add_rule(&trail->rules, REASON_WEAK_KEY, "RSA key of 512 bits", "") == 0);
    struct trail_chain *chain = trail_add_chain(trail);
    must(chain != NULL && trail_add_link(chain, "CN=\x1b[2J\a", "00cc") == 0);
    chain->reason = REASON_UNTRUSTED;
    must(trail_set(&chain->text, "no way") == 0);
    must(trail_add_rule(&chain->rules, REASON_UNTRUSTED, "no way", "") == 0);
    return trail;
}

static struct answer *make_found(bool explained)
{
    struct answer_draft draft;

    begin(&draft, "Alice@Example.ORG", 4);
    draft.outcome = OUTCOME_FOUND;
    draft.reason = REASON_USABLE;
    draft.usable_count = 1;
    draft.certificate_count = 4;
    draft.certificates[0] = row(rsa_text, REASON_USABLE, "", "cn=Alice,dc=example,dc=org", 2);
    draft.certificates[0].revocation = (struct revocation){REVOCATION_GOOD, 0, -1, 1799999000, 1800100000};
    draft.certificates[1] = row(ec_text, REASON_REVOKED, "revoked", "cn=Alice,dc=example,dc=org", 0);
    draft.certificates[1].revocation = (struct revocation){REVOCATION_REVOKED, 1790000000, 1, 1799999000, 1800100000};
    draft.certificates[1].revocation.awaited = true;
    draft.certificates[2] = row(rsa_text, REASON_EXPIRED, "", "cn=Al\xc3\xafs,dc=example,dc=org", 1);
    draft.certificates[3] = garbage("cn=\x1b[31m\xff\n,dc=example,dc=org");
    if (explained) {
        draft.certificates[0].trail = trail_of_first();
        draft.certificates[1].trail = trail_of_second();
    }
    struct answer *answer = answer_make(&draft);
    answer_draft_free(&draft);
    return answer;
}

struct answer *fixture_found(void)
{
    return make_found(false);
}

struct answer *fixture_explained(void)
{
    return make_found(true);
}

struct answer *fixture_none(void)
{
    struct answer_draft draft;

    begin(&draft, "bob@b\xc3\xbc" "cher.example", 0);
    draft.outcome = OUTCOME_NONE;
    draft.reason = REASON_NO_ENTRY;
    struct answer *answer = answer_make(&draft);
    answer_draft_free(&draft);
    return answer;
}

struct answer *fixture_unknown(void)
{
    struct answer_draft draft;

    begin(&draft, "carol@example.org", 0);
    draft.reason = REASON_DIRECTORY_UNAVAILABLE;
    draft.retry_after_s = 7;
    draft.asked[0].result = ASKED_UNAVAILABLE;
    free((char *)draft.asked[0].error);
    draft.asked[0].error = strdup("ldap://\x1b[1mhost: connection refused");
    struct answer *answer = answer_make(&draft);
    answer_draft_free(&draft);
    return answer;
}
