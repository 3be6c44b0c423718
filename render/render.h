/*
 * An answer as bytes, in every format.
 *
 * Pure functions: same answer, same options, same bytes (so that an ETag is the
 * digest of them). A table of formats in render.c holds name, media type, file
 * ending and function of each.
 */
#ifndef RENDER_RENDER_H
#define RENDER_RENDER_H

#include "base/answer.h"
#include "base/buffer.h"
#include "base/error.h"

enum format {
    FORMAT_JSON,
    FORMAT_DER,
    FORMAT_PEM,
    FORMAT_P7C,
    FORMAT_VCARD,
    FORMAT_VCARD3,
    FORMAT_TEXT,
    FORMAT_LDIF,
    FORMAT_COUNT
};

/* What the command line adds to a format; HTTP uses only `explain`. */
struct render_options {
    bool explain;    /* JSON: every value seen and each directory asked; text: chains and details */
    bool stale;      /* JSON: "stale": true */
    bool best_only;  /* JSON: the first certificate alone; others always */
    const char *layer; /* JSON with explain: where the answer came from; NULL: left out */
    bool colour;       /* text: verdicts in colour */
};

struct format_info {
    const char *name;       /* "pem": what ?format= and -o take */
    const char *media_type; /* "application/pem-certificate-chain", parameters included; NULL: not for HTTP */
    const char *file_ending; /* "pem" */
    int (*render)(const struct answer *answer, const struct render_options *options, struct buffer *out);
    bool needs_certificate;  /* it holds one, and says nothing of an outcome without */
};
extern const struct format_info render_formats[FORMAT_COUNT];

/* False: no format has this name; `format` is unchanged. */
bool format_parse(struct bytes name, enum format *format);

/* Appends the answer. DER, PEM (leaf then issuers, without the anchor), P7C (likewise) and vCards (RFC 6350, RFC 2426:
 * name, address, the best certificate as KEY) need a usable certificate.
 * -1: there is none, the buffer is full or memory is out. */
int render(enum format format, const struct answer *answer, const struct render_options *options, struct buffer *out);

/* application/problem+json (RFC 9457): {"type","title","status", then, where given, "detail","instance","reason",
 * "address"}. All texts but the title may be NULL; without a type it is "about:blank". -1: the buffer is full or memory
 * is out. */
struct problem {
    int status;
    const char *title;
    const char *detail;
    const char *reason;
    const char *address;
    const char *type;
    const char *instance;
};
int render_problem(const struct problem *problem, struct buffer *out);

/* The reverse of FORMAT_JSON, with explain or without, for `certlookup -u`: fills a draft (answer_draft_free()) from
 * what a gateway sent; unknown members are passed over, bounds are kept. -1: not such a document; the draft then holds
 * nothing. */
int render_read_json(struct bytes json, struct answer_draft *draft, bool *stale, struct error *error);

/* The reverse of render_problem(): its words ("title: detail") and its reason, REASON_UNJUDGED where it names none that
 * is known. -1: not a problem; `words` then says why. */
int render_read_problem(struct bytes json, enum reason *reason, struct error *words);

#endif
