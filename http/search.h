/*
 * The routes of RFC 4387, a certificate store by HTTP. Private to http/.
 *
 *     /certificates/search.cgi?ATTRIBUTE=VALUE    /crls/search.cgi?ATTRIBUTE=VALUE
 *     /search.cgi?ATTRIBUTE=VALUE                 either, by the name of the host (section 3.3)
 *
 * Every certificate that goes out is one that may be encrypted to now, or that of
 * an issuer of one: whatever a search finds is an address, which is looked up in
 * the usual way, and only what comes of that is compared with what was searched
 * for.
 *
 *   uri, email  the address itself: all its usable certificates, best first
 *   a hash      addresses whose answers are in memory: what is not there is not found
 *   name        likewise, and those that the directories know by that cn; those directories alone that may answer for a
 *               domain which the client may ask for (limits.domains)
 *
 * One match is the body itself, several are multipart/mixed (section 2); no
 * more than MAX_SEARCH_RESULTS, and nobody is told what else there is.
 *
 * A search counts as one lookup of its client, one by name as so many as
 * directories are asked for it, though at least one, and at most all that the
 * client may have at once. That others ask for the same name, and the directories
 * only once, makes it no cheaper: who asks could tell from it what others ask.
 * Each address that a search comes to beyond the first counts as one more; a
 * search that finds nothing counts as one "none".
 */
#ifndef HTTP_SEARCH_H
#define HTTP_SEARCH_H

#include "http/parts.h"
#include "http/request.h"

/* Of certificates; and of either. */
enum MHD_Result search_answer_certificates(struct request *request);
enum MHD_Result search_answer_by_host(struct request *request);

/* search_crls.c: of CRLs. */
enum MHD_Result search_answer_crls(struct request *request);

/* search_send.c: what was found, at least one part; or that who asks has it already. */
enum MHD_Result search_send(struct request *request, const struct parts *parts);

/* Nothing was found. `address` NULL: nobody's in particular; `reason` REASON_UNJUDGED: none but `detail`. */
enum MHD_Result search_send_none(struct request *request, const char *detail, enum reason reason, const char *address);

/* It cannot be told now. */
enum MHD_Result search_send_unknown(struct request *request, enum reason reason, int64_t retry_after_s,
                                    const char *address);

#endif
