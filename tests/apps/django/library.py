"""The library of a village: settings, addresses and views of a Django project in one module."""
import json

from django.http import Http404, JsonResponse
from django.urls import path

ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "library"
SECRET_KEY = "of no use to anybody"
MIDDLEWARE = []
USE_TZ = True

BOOKS = {1: "Middlemarch", 2: "Dead Souls", 3: "Buddenbrooks", 4: "Effi Briest"}
lent = {}


def books(request):
    return JsonResponse(BOOKS)


def book(request, number):
    if number not in BOOKS:
        raise Http404
    return JsonResponse({"title": BOOKS[number], "lent to": lent.get(number)})


def loan(request):
    wanted = json.loads(request.body)
    lent[wanted["item"]] = wanted["user"]
    return JsonResponse(wanted, status=201)


urlpatterns = [path("books", books), path("books/<int:number>", book), path("loans", loan)]
