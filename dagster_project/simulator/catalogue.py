"""What the retailer sells: 120 products for home and table, with prices, costs and French VAT rates."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from dagster_project.simulator.calendar import day_number
from dagster_project.simulator.columns import Floats, Ints, Text

# category | VAT in percent x 100 | price range in euros, and below it the things of the category
_RANGE = """
Linge de maison|2000|12|89
  Housse de couette|Drap-housse|Taie d'oreiller|Serviette éponge
  |Peignoir|Nappe en lin|Plaid|Couette légère
Cuisine|2000|6|79
  Casserole inox|Poêle céramique|Couteau d'office|Planche à découper|Théière en fonte|Cafetière à piston
  |Passoire|Bol en grès
Décoration|2000|8|120
  Bougie parfumée|Vase soufflé|Cadre en chêne|Miroir rond|Coussin brodé|Lampe à poser|Panier tressé|Tapis berbère
Mobilier|2000|49|390
  Chaise bistrot|Table d'appoint|Étagère murale|Tabouret haut|Fauteuil en rotin|Console étroite
Jardin|2000|9|149
  Arrosoir en zinc|Pot en terre cuite|Chaise longue|Lanterne|Sécateur forgé
Épicerie fine|550|4|29
  Confiture d'abricots|Thé noir bio|Miel de châtaignier|Biscuits sablés
  |Huile d'olive|Café en grains|Sel de Guérande|Chocolat praliné
Papeterie|2000|3|35
  Carnet ligné|Stylo plume|Agenda semainier|Papier à lettres
Livres|550|8|45
  Cuisine de saison|Carnet de jardinier|L'art du thé|Décorer sa maison
Enfants|2000|7|65
  Veilleuse hérisson|Peluche ourson|Puzzle de forêt|Gigoteuse d'été|Tableau à craie
"""
_STYLES = (
    "naturel",
    "bleu nuit",
    "écru",
    "terre d'ombre",
    "vert sauge",
    "grand modèle",
    "petit modèle",
    "édition d'été",
)
_BRANDS = ("Maison Omni", "Atelier Brézé", "Lin & Chêne", "La Belle Équipe", "Côté Sud", "Fjord")
PRODUCTS = 120


@dataclass(frozen=True)
class Catalogue:
    """Products by product index; `price` is tax-included cents, `cost` cents without tax, `vat` hundredths of a
    percent.
    """

    sku: Text
    ean: Text
    name: Text
    category: Text
    brand: Text
    price: Ints
    cost: Ints
    vat: Ints
    launched_on: Ints
    popularity: Floats
    till_label: Text


def check_digit(digits: str) -> str:
    """`digits` with its EAN-13 check digit appended."""
    total = sum(int(digit) * (3 if position % 2 else 1) for position, digit in enumerate(digits))
    return digits + str(-total % 10)


@functools.cache
def catalogue() -> Catalogue:
    """The catalogue; the same in every world."""
    things = []
    rows_of_range = iter(_RANGE.replace("\n  |", "|").strip().splitlines())
    for head in rows_of_range:
        category, rate, lowest, highest = head.split("|")
        names = next(rows_of_range).strip().split("|")
        things += [(category, int(rate), float(lowest), float(highest), name) for name in names]
    rng = np.random.default_rng(20240229)
    rows = []
    for number in range(PRODUCTS):
        category, vat, low, high, thing = things[number % len(things)]
        style = _STYLES[(number // len(things) * 3 + number) % len(_STYLES)]
        price = round(low * (high / low) ** float(rng.beta(1.6, 2.4))) * 100 - (10 if number % 3 else 1)
        share = float(rng.uniform(0.36, 0.62))
        cost = round(price / (1 + vat / 10_000) * share)
        rows.append((category, vat, f"{thing} – {style}" if number % 5 == 0 else f"{thing} {style}", price, cost))
    labels = [row[2] for row in rows]
    return Catalogue(
        sku=pa.array([f"{row[0][:3].upper().replace('É', 'E')}-{1000 + i}" for i, row in enumerate(rows)]),
        ean=pa.array([check_digit(f"3760{i * 7919 % 100_000_000:08d}") for i in range(1, PRODUCTS + 1)]),
        name=pa.array(labels),
        category=pa.array([row[0] for row in rows]),
        brand=pa.array([_BRANDS[i * 7 % len(_BRANDS)] for i in range(PRODUCTS)]),
        price=np.array([row[3] for row in rows], dtype=np.int64),
        cost=np.array([row[4] for row in rows], dtype=np.int64),
        vat=np.array([row[1] for row in rows], dtype=np.int64),
        launched_on=day_number(date(2021, 1, 4)) + rng.integers(0, 1300, PRODUCTS),
        popularity=1.0 / (4.0 + rng.permutation(PRODUCTS).astype(np.float64)),
        till_label=pa.array([name.upper()[:30] for name in labels]),
    )
