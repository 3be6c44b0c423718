/*
 * Values of header fields that are written over where they stand. Private to http/.
 *
 * A response that serves again says other things each time, be it only the time
 * of day. To delete a field and to add it costs libmicrohttpd six calls of the
 * allocator, and to find the date for a response that has none it computes the
 * calendar anew. It keeps a copy of each value, and its size; so a value as long
 * as the last can take its place.
 */
#ifndef HTTP_VALUES_H
#define HTTP_VALUES_H

#include <microhttpd.h>
#include <stdbool.h>

/* Libmicrohttpd shows its copies as const: that nobody else reads them it does not promise. So what becomes of equal
 * values of two responses is asked of the very library that is loaded. False: or it is out of memory. */
bool values_may_be_written(void);

/* The response's own copy of a field that it has once. NULL: it has none. */
char *values_of(struct MHD_Response *response, const char *name);

/* Now, as Date has it (RFC 9110 6.6.1): of this length, and good until the thread asks again. */
#define VALUES_DATE_SIZE 29
const char *values_date(void);

/* Where the response has a Date of ours, it is now. What has none gets libmicrohttpd's. */
void values_renew_date(struct MHD_Response *response);

#endif
