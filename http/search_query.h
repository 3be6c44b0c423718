/*
 * What a search is for: the query of RFC 4387, "?attribute=value", form-urlencoded
 * (section 2). Private to http/.
 *
 * One of the attributes of section 2.2 must be there, once; what else there is
 * says nothing. A hash is the base64 of a SHA-1 without its '=' (section 2.1):
 * 27 characters. As clients do otherwise, the '=' may be there, and a space, which
 * a '+' means in a form, is taken for the '+' that was meant. Any other character
 * is refused, as section 2.1 wants it.
 *
 * `uri` is a mail address, with or without "mailto:"; `email` is another word for
 * it, which clients sent before the RFC. Of CRLs, which have neither subject nor
 * names, there are iHash and sKIDHash.
 */
#ifndef HTTP_SEARCH_QUERY_H
#define HTTP_SEARCH_QUERY_H

#include "base/address.h"
#include "base/search_key.h"
#include "http/target.h"

enum search_store { STORE_CERTIFICATES, STORE_CRLS };

struct search_query {
    struct search_key key;  /* its attribute says what is in here; of SEARCH_URI that is nothing else */
    struct bytes name;      /* SEARCH_NAME: as it was sent; a view into the target */
    struct address address; /* SEARCH_URI */
};

/* NULL: it is read; else a sentence without a full stop on what is wrong. */
const char *search_query_parse(const struct target *target, enum search_store store, struct search_query *query);

/* "certificates.<domain>" and "crls.<domain>" are the hosts of RFC 4387 3.3: which store is meant by the Host of a
 * request for /search.cgi. Any other: certificates. */
enum search_store search_query_store(struct bytes host);

#endif
