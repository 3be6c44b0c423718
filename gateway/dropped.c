#include "gateway/dropped.h"

#include <stdlib.h>

#include "base/digest.h"

/* Powers of two. Domains have a table of their own: an address that shared a domain's place would drop all of it. */
#define PLACES 32768
#define DOMAIN_PLACES 4096

struct place {
    _Atomic uint64_t number; /* of the last note that came here; 0: none */
    _Atomic int64_t at;      /* the latest time of any; INT64_MIN: none */
};

/* The engine thread alone writes; others see each place as it is now or was a moment ago. */
struct dropped {
    _Atomic uint64_t number;
    struct place all;
    struct place any_domain; /* the last note of any: mostly there is none, and no domain is hashed */
    struct place places[PLACES];
    struct place domains[DOMAIN_PLACES];
};

struct dropped *dropped_new(void)
{
    struct dropped *dropped = calloc(1, sizeof(*dropped));
    if (dropped == NULL) {
        return NULL;
    }
    dropped->all.at = dropped->any_domain.at = INT64_MIN;
    for (size_t i = 0; i < PLACES; i++) {
        dropped->places[i].at = INT64_MIN;
    }
    for (size_t i = 0; i < DOMAIN_PLACES; i++) {
        dropped->domains[i].at = INT64_MIN;
    }
    return dropped;
}

void dropped_free(struct dropped **dropped)
{
    free(*dropped);
    *dropped = NULL;
}

static size_t place_of_address(const struct address *address)
{
    return address->hash & (PLACES - 1);
}

static size_t place_of_domain(const char *domain)
{
    return digest_table_hash(bytes_of_string(domain)) & (DOMAIN_PLACES - 1);
}

static void put_time(struct place *place, int64_t at)
{
    place->at = at > place->at ? at : place->at;
}

void dropped_note(struct dropped *dropped, const struct drop *drop, int64_t at)
{
    struct place *place = &dropped->all;
    if (drop->what == DROP_ADDRESS) {
        place = &dropped->places[place_of_address(&drop->address)];
    } else if (drop->what == DROP_DOMAIN) {
        place = &dropped->domains[place_of_domain(drop->domain)];
    }
    /* The times first: who sees the number is not to miss them. What stands for all domains before the one: who sees
     * that one's is not to be turned away by the other. */
    if (drop->what == DROP_DOMAIN) {
        put_time(&dropped->any_domain, at);
    }
    put_time(place, at);
    uint64_t number = ++dropped->number;
    if (drop->what == DROP_DOMAIN) {
        dropped->any_domain.number = number;
    }
    place->number = number;
}

void dropped_note_name(struct dropped *dropped, uint64_t name)
{
    dropped->places[name & (PLACES - 1)].number = ++dropped->number;
}

uint64_t dropped_number(const struct dropped *dropped)
{
    return dropped->number;
}

void dropped_fetch_ahead(const struct dropped *dropped, const struct address *address)
{
    __builtin_prefetch(&dropped->places[place_of_address(address)]);
}

bool dropped_since(const struct dropped *dropped, const struct address *address, uint64_t number)
{
    return dropped->all.number > number || dropped->places[place_of_address(address)].number > number ||
           (dropped->any_domain.number > number &&
            dropped->domains[place_of_domain(address_domain(address))].number > number);
}

bool dropped_name_since(const struct dropped *dropped, uint64_t name, uint64_t number)
{
    return dropped->places[name & (PLACES - 1)].number > number;
}

bool dropped_holds(const struct dropped *dropped, const struct address *address, int64_t made_at)
{
    return made_at <= dropped->all.at || made_at <= dropped->places[place_of_address(address)].at ||
           (made_at <= dropped->any_domain.at &&
            made_at <= dropped->domains[place_of_domain(address_domain(address))].at);
}
