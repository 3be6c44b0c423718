/*
 * The routes that need no lookup. Private to http/.
 */
#ifndef HTTP_PAGES_H
#define HTTP_PAGES_H

#include "http/request.h"

enum MHD_Result pages_health(struct request *request);
enum MHD_Result pages_readiness(struct request *request);
enum MHD_Result pages_metrics(struct request *request);
enum MHD_Result pages_status(struct request *request);
enum MHD_Result pages_problem(struct request *request);
enum MHD_Result pages_problems(struct request *request);
enum MHD_Result pages_openapi(struct request *request);
enum MHD_Result pages_index(struct request *request);

#endif
