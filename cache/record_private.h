/*
 * What both directions of a record share. Private to cache/record*.c; the
 * layout stands in record.c.
 */
#ifndef CACHE_RECORD_PRIVATE_H
#define CACHE_RECORD_PRIVATE_H

#include "base/answer.h"

#define RECORD_NAME_BYTES 255       /* the name of a directory */
#define RECORD_ISSUERS_MAX (MAX_VALUES * MAX_CHAIN)
#define RECORD_TIME_MIN (-62135596800) /* 0001-01-01T00:00:00Z */
#define RECORD_TIME_MAX 253402300799   /* 9999-12-31T23:59:59Z, the last that X.509 can say */

enum record_issuer { RECORD_ISSUER_KNOWN, RECORD_ISSUER_WHOLE };
enum record_der { RECORD_DER_ABSENT, RECORD_DER_SAME, RECORD_DER_OWN };

static inline bool record_time_is_valid(int64_t wall_s)
{
    return wall_s >= RECORD_TIME_MIN && wall_s <= RECORD_TIME_MAX;
}

#endif
