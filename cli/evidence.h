/*
 * What verdicts lack, fetched: CRLs, OCSP answers and issuers, from where
 * certificates point to, as far as the options allow it, and from the directory
 * that is asked. The gateway's rules of fetching hold here as well
 * (fetch/fetcher.h); what came counts by what it is (x509/evidence.h).
 *
 * All needs of a round are fetched side by side. Nothing is asked for twice in
 * one run of the program.
 */
#ifndef CLI_EVIDENCE_H
#define CLI_EVIDENCE_H

#include "cli/options.h"
#include "x509/evidence.h"

struct collector;

/* NULL: the words say why. The policies are borrowed. */
struct collector *collector_open(const struct options *options, const struct policies *policies, struct error *error);
/* After the directory is closed that it reads from. Breaks off what is still under way. */
void collector_close(struct collector **collector);

/* What came so far; borrowed until the next call. Never NULL. */
const struct evidence *collector_evidence(const struct collector *collector);

/* Objects that are at hand already: issuers, or CRLs, of the entry `dn` of a file. -1: out of memory. */
int collector_offer(struct collector *collector, enum need_kind kind, const char *file, const char *dn,
                    const struct bytes *objects, size_t count);

/* Fetches what may be fetched of the needs, until the deadline (clock_mono_ms()). `directory` may be NULL. True: the
 * evidence is another one now. */
bool collector_fetch(struct collector *collector, struct directory *directory, const struct needs *needs,
                     int64_t deadline_ms);

#endif
