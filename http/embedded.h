/*
 * Files that the program brings along, made C by etc/embed.sh while it is built.
 * Private to http/.
 */
#ifndef HTTP_EMBEDDED_H
#define HTTP_EMBEDDED_H

#include <stddef.h>

extern const unsigned char embedded_openapi[]; /* docs/openapi.json */
extern const size_t embedded_openapi_size;

#endif
