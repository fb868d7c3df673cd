"""A job of the command line: asks the shop for twenty products, one after the other, in one trace on purpose.

opentelemetry-instrument python job.py --shop http://127.0.0.1:8080
"""
import time

import click
import requests


@click.command("reprice")
@click.option("--shop", default="http://127.0.0.1:8080")
@click.option("--times", default=20)
def reprice(shop, times):
    for i in range(times):
        product = requests.get(f"{shop}/products/{1 + i % 5}", timeout=5).json()
        click.echo(f"{product['name']} {product['price']}")
        time.sleep(0.03)


if __name__ == "__main__":
    reprice()
