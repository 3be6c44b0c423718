/*
 * POST /v1/purge: drops answers, here and wherever the same Redis is used.
 * Private to http/.
 */
#ifndef HTTP_PURGE_H
#define HTTP_PURGE_H

#include "http/request.h"

enum MHD_Result purge_answer(struct request *request);

#endif
