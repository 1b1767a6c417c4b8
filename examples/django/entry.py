"""Django in one file: views, a template, and models in SQLite, which lives as long as the Worker's interpreter.

curl 'http://127.0.0.1:8787/'
curl 'http://127.0.0.1:8787/visits' -d name=you
"""

from threading import Thread

import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "/tmp/visits.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django.contrib.contenttypes"],
    ROOT_URLCONF=__name__,
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.template import engines  # noqa: E402
from django.urls import path  # noqa: E402
from workers import wsgi  # noqa: E402


class Visit(models.Model):
    name = models.CharField(max_length=100)

    class Meta:
        app_label = "visits"


def create_tables():
    with connection.schema_editor() as editor:
        if Visit._meta.db_table not in connection.introspection.table_names():
            editor.create_model(Visit)


# Django's database is for threads without an event loop: as those that requests run on, and unlike this one.
thread = Thread(target=create_tables)
thread.start()
thread.join()

page = engines["django"].from_string("{{ visits|length }} visits{% for v in visits %}, {{ v.name }}{% endfor %}\n")


def index(request):
    return HttpResponse(page.render({"visits": Visit.objects.all()}, request))


def visits(request):
    visit = Visit.objects.create(name=request.POST.get("name", "somebody"))
    return JsonResponse({"id": visit.id, "name": visit.name}, status=201)


urlpatterns = [path("", index), path("visits", visits)]

Default = wsgi.entrypoint(get_wsgi_application())
