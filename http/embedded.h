/*
 * Files that the program brings along, made C by etc/embed.sh while it is built.
 * Private to http/.
 */
#ifndef HTTP_EMBEDDED_H
#define HTTP_EMBEDDED_H

#include <stddef.h>

extern const unsigned char embedded_openapi[]; /* docs/openapi.json */
extern const size_t embedded_openapi_size;
extern const char embedded_openapi_etag[]; /* as etag_make() has it */

struct embedded_file {
    const char *name; /* without its folder */
    const unsigned char *data;
    size_t size;
    const char *etag; /* as etag_make() has it */
};

extern const struct embedded_file embedded_web[]; /* web/ */
extern const size_t embedded_web_count;
extern const struct embedded_file embedded_problems[]; /* docs/problems/ */
extern const size_t embedded_problems_count;

#endif
