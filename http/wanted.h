/*
 * What a request wants: formats and switches, out of its query and Accept, and
 * the refusals of what cannot be had. Private to http/.
 */
#ifndef HTTP_WANTED_H
#define HTTP_WANTED_H

#include "http/request.h"
#include "render/render.h"

struct refusal {
    unsigned status;
    const char *why;   /* a sentence, without a full stop */
    bool list_formats; /* behind it: what the route offers */
};

/* `name` is a parameter that takes 1 or 0 (true, false), once at most; without it `on` is false. False: refused, with
 * these words. */
bool wanted_switch(const struct request *request, const char *name, const char *why, bool *on,
                   struct refusal *refusal);

/* Whether ?explain=1 asks for more than the route is for. */
bool wanted_explains(const struct request *request);

/* Whether the query has a parameter that the route does not know, and which takes none besides its own. A word that is
 * misspelt would otherwise be one that is not there, and the answer another one than was asked for. */
bool wanted_stranger(const struct request *request, struct bytes *name);
enum MHD_Result wanted_refuse_stranger(struct request *request, struct bytes name);

/* One of the route's formats: that of ?format=, else by Accept, else the preferred one. False: see refusal. */
bool wanted_format(const struct request *request, enum format *format, struct refusal *refusal);

enum MHD_Result wanted_refuse(struct request *request, const struct refusal *refusal);

#endif
