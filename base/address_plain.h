/*
 * The two ways to read an address. Private to base/address.c and its test, which
 * holds one against the other.
 */
#ifndef BASE_ADDRESS_PLAIN_H
#define BASE_ADDRESS_PLAIN_H

#include "base/address.h"

/* Nearly every address there is: ASCII, nothing quoted, nothing for IDNA to do. In a few instructions an octet, since a
 * hit in memory has little else to compute. False: it is for address_parse_any() to read or to refuse, and nothing was
 * written. */
bool address_parse_plain(struct bytes raw, struct address *address);

/* Any address; of a plain one it makes the same. Neither writes the hash. */
enum address_fault address_parse_any(struct bytes raw, struct address *address);

#endif
