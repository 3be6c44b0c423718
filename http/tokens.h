/*
 * Bearer tokens (RFC 6750) and client certificates: who has one, what for, and
 * until when.
 *
 * A file of tokens has one to a line, its fields separated by blanks:
 *
 *     # name         SHA-256 of the token, in hexadecimal      for              until
 *     mail-gateway   5e884898da28047151d0e56f8dc62927…         lookup           2027-06-30
 *     grafana        6b86b273ff34fce19d6b804eff5a3f57…         explain          never
 *     mx1.example    certificate                               lookup           never
 *     *              certificate                               lookup           never
 *
 * A line with the word certificate is for whoever shows a client certificate of
 * that name (http/credentials.h); "*" for every other one.
 *
 * The tokens themselves stand nowhere: whoever reads the file cannot ask with
 * it. That holds only for tokens that nobody can guess, as `certlookupd
 * --new-token` makes them. A day is over at its end, in UTC.
 */
#ifndef HTTP_TOKENS_H
#define HTTP_TOKENS_H

#include "base/digest.h"
#include "base/error.h"

#define MAX_TOKENS 10000
#define MAX_TOKENS_BYTES 2097152 /* of the file */
#define MAX_TOKEN_NAME_BYTES 64

/* What a line opens. One scope does not hold another: who purges is not thereby who looks up. */
enum scope {
    SCOPE_LOOKUP = 1,  /* certificates of recipients */
    SCOPE_EXPLAIN = 2, /* why others are refused; metrics and status */
    SCOPE_ADMIN = 4,   /* what changes something: to purge */
    SCOPE_ALL = SCOPE_LOOKUP | SCOPE_EXPLAIN | SCOPE_ADMIN
};

#define TOKEN_HAS_NO_END INT64_MAX

struct token {
    char name[MAX_TOKEN_NAME_BYTES + 1];
    bool is_certificate;
    struct digest digest; /* else SHA-256 of what stands behind "Bearer " */
    unsigned scopes;
    int64_t until;        /* wall seconds; from then on it opens nothing */
    unsigned line;        /* of the file; 0: it stands in none */
};

/* Immutable; any thread. */
struct tokens;

/* Of the content of a file ("" where there is none), and one token more that opens everything and has no end ("":
 * none). NULL: the words say what is wrong, mostly with the line of the file. */
struct tokens *tokens_make(struct bytes file, const char *one_more, struct error *error);
void tokens_free(struct tokens **tokens);

size_t tokens_count(const struct tokens *tokens);

/* Whose token this is; NULL: nobody's. How long it takes tells of the digest of what was sent alone. */
const struct token *tokens_find(const struct tokens *tokens, struct bytes sent);

/* The line for a certificate of this name, whose letters have no case; else that of all others. NULL: neither. */
const struct token *tokens_find_certificate(const struct tokens *tokens, const char *name);

/* Whether a line is for certificates. */
bool tokens_has_certificates(const struct tokens *tokens);

/* "lookup,explain" as bits of enum scope; 0: it is not a list of those. */
unsigned tokens_parse_scopes(struct bytes text);

/* "2027-06-30" as the second behind that day, or "never". False: it is neither. */
bool tokens_parse_until(struct bytes text, int64_t *until);

/* Letters, digits and "_.-". */
bool tokens_is_name(struct bytes text);

#endif
