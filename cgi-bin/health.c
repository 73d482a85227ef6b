/* SPDX-License-Identifier: BSD-3-Clause */
/* health.json: GET and HEAD tell whether the site can serve people. */
#include "api/app.h"
#include "chat/health.h"

static enum sf_err check_health(struct sf_app *app)
{
	return sf_health_check(&app->config, app->desk.store);
}

static const struct sf_method methods[] = {
	{ "GET", SF_APP_OK, SF_APP_STORE, NULL, check_health, { NULL } },
	{ "HEAD", SF_APP_OK, SF_APP_STORE, NULL, check_health, { NULL } },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	return sf_app_main(argc, argv, methods);
}
