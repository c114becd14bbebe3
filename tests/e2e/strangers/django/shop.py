import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import re_path

settings.configure(
    ALLOWED_HOSTS=os.environ.get("ALLOWED_HOSTS", "shop.example").split(","),
    ROOT_URLCONF=__name__,
    SECRET_KEY="not one: it signs nothing here",
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
)
urlpatterns = [re_path(".*", lambda request: HttpResponse("Django with ALLOWED_HOSTS"))]
application = get_wsgi_application()
