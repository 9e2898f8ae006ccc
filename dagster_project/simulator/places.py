"""Where people live and where the retailer's stores are: cities with postcodes and regions, streets, stores."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from dagster_project.simulator.columns import Floats, Ints, Text
from dagster_project.simulator.names import plain

# city | postcode | region | thousands of inhabitants | fixed-line zone (01 to 05)
_CITIES = """
Paris|75001|Île-de-France|110|1
Paris|75005|Île-de-France|60|1
Paris|75010|Île-de-France|90|1
Paris|75011|Île-de-France|145|1
Paris|75013|Île-de-France|180|1
Paris|75015|Île-de-France|230|1
Paris|75017|Île-de-France|165|1
Paris|75018|Île-de-France|190|1
Paris|75020|Île-de-France|190|1
Boulogne-Billancourt|92100|Île-de-France|120|1
Saint-Denis|93200|Île-de-France|113|1
Montreuil|93100|Île-de-France|110|1
Argenteuil|95100|Île-de-France|112|1
Versailles|78000|Île-de-France|84|1
Créteil|94000|Île-de-France|92|1
Évry-Courcouronnes|91000|Île-de-France|66|1
Meaux|77100|Île-de-France|56|1
Lyon|69002|Auvergne-Rhône-Alpes|100|4
Lyon|69003|Auvergne-Rhône-Alpes|105|4
Lyon|69007|Auvergne-Rhône-Alpes|85|4
Villeurbanne|69100|Auvergne-Rhône-Alpes|155|4
Saint-Étienne|42000|Auvergne-Rhône-Alpes|174|4
Grenoble|38000|Auvergne-Rhône-Alpes|158|4
Clermont-Ferrand|63000|Auvergne-Rhône-Alpes|147|4
Annecy|74000|Auvergne-Rhône-Alpes|131|4
Chambéry|73000|Auvergne-Rhône-Alpes|59|4
Valence|26000|Auvergne-Rhône-Alpes|65|4
Marseille|13001|Provence-Alpes-Côte d'Azur|150|4
Marseille|13008|Provence-Alpes-Côte d'Azur|180|4
Marseille|13013|Provence-Alpes-Côte d'Azur|190|4
Aix-en-Provence|13100|Provence-Alpes-Côte d'Azur|147|4
Nice|06000|Provence-Alpes-Côte d'Azur|342|4
Toulon|83000|Provence-Alpes-Côte d'Azur|180|4
Avignon|84000|Provence-Alpes-Côte d'Azur|91|4
Cannes|06400|Provence-Alpes-Côte d'Azur|74|4
Toulouse|31000|Occitanie|240|5
Toulouse|31400|Occitanie|250|5
Montpellier|34000|Occitanie|300|4
Nîmes|30000|Occitanie|148|4
Perpignan|66000|Occitanie|119|4
Béziers|34500|Occitanie|80|4
Albi|81000|Occitanie|49|5
Bordeaux|33000|Nouvelle-Aquitaine|260|5
Mérignac|33700|Nouvelle-Aquitaine|74|5
Limoges|87000|Nouvelle-Aquitaine|130|5
Poitiers|86000|Nouvelle-Aquitaine|90|5
La Rochelle|17000|Nouvelle-Aquitaine|77|5
Pau|64000|Nouvelle-Aquitaine|77|5
Bayonne|64100|Nouvelle-Aquitaine|52|5
Angoulême|16000|Nouvelle-Aquitaine|41|5
Nantes|44000|Pays de la Loire|320|2
Saint-Nazaire|44600|Pays de la Loire|72|2
Angers|49000|Pays de la Loire|155|2
Le Mans|72000|Pays de la Loire|144|2
La Roche-sur-Yon|85000|Pays de la Loire|55|2
Rennes|35000|Bretagne|222|2
Brest|29200|Bretagne|139|2
Quimper|29000|Bretagne|63|2
Lorient|56100|Bretagne|57|2
Vannes|56000|Bretagne|54|2
Saint-Malo|35400|Bretagne|47|2
Rouen|76000|Normandie|113|2
Le Havre|76600|Normandie|166|2
Caen|14000|Normandie|106|2
Évreux|27000|Normandie|47|2
Cherbourg-en-Cotentin|50100|Normandie|79|2
Lille|59000|Hauts-de-France|234|3
Roubaix|59100|Hauts-de-France|99|3
Dunkerque|59140|Hauts-de-France|87|3
Amiens|80000|Hauts-de-France|134|3
Calais|62100|Hauts-de-France|67|3
Beauvais|60000|Hauts-de-France|56|3
Strasbourg|67000|Grand Est|287|3
Mulhouse|68100|Grand Est|108|3
Colmar|68000|Grand Est|69|3
Metz|57000|Grand Est|118|3
Nancy|54000|Grand Est|104|3
Reims|51100|Grand Est|181|3
Troyes|10000|Grand Est|62|3
Dijon|21000|Bourgogne-Franche-Comté|159|3
Besançon|25000|Bourgogne-Franche-Comté|118|3
Belfort|90000|Bourgogne-Franche-Comté|46|3
Orléans|45000|Centre-Val de Loire|116|2
Tours|37000|Centre-Val de Loire|137|2
Bourges|18000|Centre-Val de Loire|65|2
Chartres|28000|Centre-Val de Loire|39|2
Ajaccio|20000|Corse|72|4
Bastia|20200|Corse|48|4
Fort-de-France|97200|Martinique|12|5
Pointe-à-Pitre|97110|Guadeloupe|9|5
Saint-Denis|97400|La Réunion|22|2
"""
_STREETS = """
rue de la République;rue Victor-Hugo;avenue Jean-Jaurès;place de l'Église;rue des Écoles;rue du Général-de-Gaulle
rue Pasteur;boulevard Gambetta;rue de la Gare;rue Jules-Ferry;avenue de la Libération;rue des Lilas;chemin des Vignes
rue du Moulin;rue Molière;allée des Tilleuls;rue Saint-Michel;impasse des Acacias;rue Émile-Zola;quai de la Marne
rue du Faubourg-Saint-Antoine;avenue Foch;rue des Rosiers;rue Nationale;route de Lyon;rue du Château;cours Mirabeau
rue de Verdun;rue Voltaire;square des Érables;rue du Stade;rue Marcel-Pagnol;rue George-Sand;rue des Peupliers
rue Louis-Pergaud;boulevard de la Liberté;rue de Bretagne;rue des Fleurs;rue Gustave-Eiffel;rue Anatole-France
"""
# code | name | street | postcode | city | region | phone | opened
_STORES = """
PAR01|Maison Omni Paris République|12 rue du Faubourg-du-Temple|75010|Paris|Île-de-France|01 99 00 90 01|2012-03-14
PAR02|Maison Omni Paris Vaugirard|201 rue de Vaugirard|75015|Paris|Île-de-France|01 99 00 90 02|2015-09-02
BOU01|Maison Omni Boulogne|45 boulevard Jean-Jaurès|92100|Boulogne-Billancourt|Île-de-France|01 99 00 90 03|2019-04-10
LYO01|Maison Omni Lyon Presqu'île|8 rue de la République|69002|Lyon|Auvergne-Rhône-Alpes|04 65 71 90 01|2013-10-05
GRE01|Maison Omni Grenoble|3 place Victor-Hugo|38000|Grenoble|Auvergne-Rhône-Alpes|04 65 71 90 02|2018-05-16
MRS01|Maison Omni Marseille|77 avenue du Prado|13008|Marseille|Provence-Alpes-Côte d'Azur|04 65 71 90 03|2014-06-21
NCE01|Maison Omni Nice|22 avenue Jean-Médecin|06000|Nice|Provence-Alpes-Côte d'Azur|04 65 71 90 04|2017-11-08
TLS01|Maison Omni Toulouse|16 rue d'Alsace-Lorraine|31000|Toulouse|Occitanie|05 36 49 90 01|2014-03-01
BDX01|Maison Omni Bordeaux|54 rue Sainte-Catherine|33000|Bordeaux|Nouvelle-Aquitaine|05 36 49 90 02|2016-02-17
NTE01|Maison Omni Nantes|9 rue Crébillon|44000|Nantes|Pays de la Loire|02 61 91 90 01|2016-09-28
LIL01|Maison Omni Lille|31 rue Faidherbe|59000|Lille|Hauts-de-France|03 53 01 90 01|2015-04-22
STR01|Maison Omni Strasbourg|14 rue des Grandes-Arcades|67000|Strasbourg|Grand Est|03 53 01 90 02|2018-10-13
"""


@dataclass(frozen=True)
class Places:
    """Parallel lists: cities, streets, and for each city the index of the store people there go to."""

    city: Text
    city_plain: Text
    postcode: Text
    region: Text
    weight: Floats
    zone: Ints
    street: Text
    nearest_store: Ints
    store_share: Floats


@dataclass(frozen=True)
class Store:
    """One store as the reference list knows it."""

    code: str
    name: str
    street: str
    postal_code: str
    city: str
    region: str
    phone: str
    opened_on: str


@functools.cache
def stores() -> tuple[Store, ...]:
    """The twelve stores, in the order of the reference list."""
    return tuple(Store(*line.split("|")) for line in _STORES.strip().splitlines())


@functools.cache
def store_codes() -> Text:
    """Store codes by store index."""
    return pa.array([store.code for store in stores()])


@functools.cache
def places() -> Places:
    """The map, parsed once. `store_share` is the inclination of a city's people to shop in a store (0..1)."""
    rows = [line.split("|") for line in _CITIES.strip().splitlines()]
    shops = stores()
    nearest, share = [], []
    for position, (city, _, region, _, _) in enumerate(rows):
        local = [i for i, shop in enumerate(shops) if shop.city == city]
        nearby = [i for i, shop in enumerate(shops) if shop.region == region]
        options = local or nearby or list(range(len(shops)))
        nearest.append(options[position % len(options)])
        share.append(1.0 if local else 0.6 if nearby else 0.15)
    cities = [row[0] for row in rows]
    return Places(
        city=pa.array(cities),
        city_plain=pa.array([plain(city).upper().replace("-", " ") for city in cities]),
        postcode=pa.array([row[1] for row in rows]),
        region=pa.array([row[2] for row in rows]),
        weight=np.array([float(row[3]) for row in rows]),
        zone=np.array([int(row[4]) for row in rows], dtype=np.int64),
        street=pa.array([street for line in _STREETS.strip().splitlines() for street in line.split(";")]),
        nearest_store=np.array(nearest, dtype=np.int64),
        store_share=np.array(share),
    )
