/*
 * The stage of one story: a folder with a PKI and configurations, and up to four
 * gateways that share the played directories and the played Redis.
 */
#ifndef SCENARIO_STAGE_H
#define SCENARIO_STAGE_H

#include "base/answer.h"
#include "base/named.h"

#define STAGE_GATEWAYS 4
#define STAGE_CRL_URL "http://crl.example/issuing.crl"
#define STAGE_OTHER_CRL_URL "http://crl.example/second.crl"
#define STAGE_ISSUER_URL "http://aia.example/hidden.cer"

/* Makes the PKI once; `folder` is there already. */
void stage_open(const char *folder);
void stage_close(void);

/* A new story: nothing configured, nothing running, nothing stored. */
void stage_reset(void);
void stage_end(void); /* ends the gateways of the story */

/* "cache.ttl" "\"1h\"": as it will stand in the configuration file. */
void stage_set(const char *setting, const char *value);
void stage_directory(const char *name, const char *domains);
void stage_redis(void);
void stage_engine_judges(void); /* what is small, when it has little else to do */
void stage_engine_hedges(unsigned after); /* when so many in a row found nothing in Redis */

/* The value of that kind for the address; the same one each time. Kinds: good good2 expired revoked untrusted signing
 * short (expires a day from now) garbage; listed (its CRL is at STAGE_CRL_URL)
 * elsewhere (at STAGE_OTHER_CRL_URL); domain (names the address's domain alone); hidden (of an authority that no
 * configuration has) led (likewise, and its AIA is STAGE_ISSUER_URL). Ends the run on an unknown kind. */
struct bytes stage_value(const char *address, const char *kind);

/* A new CRL that also names the "good" one of this address, in the file that the configuration names. */
void stage_revoke(const char *address);

/* Publishes a new CRL of the issuing authority at a URL: it runs from now for so many days, and names the "listed" ones
 * of these addresses. */
void stage_publish(const char *url, unsigned days, char *const *addresses);

/* In the issuing authority's name, too, but signed by another key. */
void stage_publish_forged(const char *url, unsigned days);

/* The same in an entry of a directory. */
void stage_enter(const char *directory, const char *dn, unsigned days);

/* The certificate of the hidden authority, at a URL or in an entry of a directory. */
void stage_publish_issuer(const char *url);
void stage_enter_issuer(const char *directory, const char *dn);

/* In place of all evidence in Redis, under the seal of the first gateway: a CRL in the issuing authority's name that
 * another key signed. */
void stage_forge(void);

bool stage_is_ready(unsigned gateway);

void stage_start(unsigned gateway);
bool stage_reload(unsigned gateway); /* false: the configuration was refused */
void stage_drain(unsigned gateway);
void stage_ask(unsigned gateway, const char *address);
/* Whether who asks has a connection to Redis of its own, as a thread of the HTTP side does. */
void stage_let_threads_ask(bool ask);

void stage_explain(unsigned gateway, const char *address);

/* Cuts the gateway off from Redis, or lets it back. */
void stage_cut(unsigned gateway, bool cut);

/* When the life of memory's answer ends, in wall seconds; 0: it has none. */
int64_t stage_fresh_until(unsigned gateway, const char *address);

/* "alice@example.org", "example.org" or "all". */
void stage_drop(unsigned gateway, const char *what);

void stage_renew(unsigned gateway, const char *address);

/* Asks directories for a name, all or the open ones (limits.domains): stage_names.c. */
void stage_ask_name(unsigned gateway, const char *name, bool only_open);

/* The oldest of what came of that and nobody has looked at yet. False: there is none. */
bool stage_next_named(struct named *named);
void stage_forget_named(void);

struct lookup *stage_lookup(unsigned gateway);

/* How far a counter went since the story began. */
unsigned stage_counted(unsigned counter);
unsigned stage_counted_stale(void); /* lookups answered by what is past its life */

/* The oldest answer that nobody has looked at yet, or .answer = NULL; the reference is the caller's. */
struct served stage_next_answer(void);

#endif
