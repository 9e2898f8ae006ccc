"""Who the French are called: first names with the year they were in fashion, surnames, nicknames.

Word lists and their choosing only; who bears which name is decided in `people`.
"""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from dagster_project.simulator.columns import Flags, Ints, Text

# name:year of its peak; a name is likely for births within about twelve years of the peak.
_FEMALE = """
Marie:1952 Monique:1944 Françoise:1949 Nicole:1946 Jacqueline:1940 Catherine:1959 Jeanne:1936 Christiane:1946
Sylvie:1962 Martine:1954 Nathalie:1967 Isabelle:1965 Anne:1962 Annie:1949 Chantal:1953 Brigitte:1957
Dominique:1956 Michèle:1947 Valérie:1968 Véronique:1963 Christine:1962 Patricia:1962 Sandrine:1972 Corinne:1964
Danielle:1947 Denise:1938 Simone:1935 Yvette:1937 Josiane:1949 Évelyne:1950 Hélène:1958 Bernadette:1946
Colette:1942 Ginette:1938 Liliane:1946 Claudine:1947 Pascale:1963 Agnès:1962 Béatrice:1962 Florence:1966
Laurence:1967 Sophie:1970 Stéphanie:1974 Céline:1978 Virginie:1975 Karine:1972 Delphine:1975 Émilie:1981
Aurélie:1982 Julie:1982 Élodie:1984 Laetitia:1979 Audrey:1981 Séverine:1975 Carole:1966 Muriel:1964
Caroline:1976 Élisabeth:1955 Cécile:1971 Claire:1974 Anne-Sophie:1979 Marie-Christine:1955
Marie-Hélène:1956 Marie-Thérèse:1943
Marie-Claude:1949 Laure:1978 Amandine:1985 Vanessa:1982 Jennifer:1985 Jessica:1987 Mélanie:1986 Laura:1989
Marine:1991 Pauline:1990 Marion:1987 Camille:1994 Manon:1996 Léa:1998 Chloé:1997 Sarah:1992
Mathilde:1993 Anaïs:1991 Justine:1990 Morgane:1992 Océane:1996 Lucie:1990 Clara:1999 Emma:2003
Lisa:1994 Alice:1996 Inès:2001 Juliette:1999 Charlotte:1988 Fanny:1987 Gaëlle:1980 Sabrina:1984
Angélique:1977 Peggy:1974 Magali:1972 Nadine:1957 Nadia:1974 Fatima:1972 Samira:1976 Khadija:1978
Leïla:1983 Yasmine:1994 Malika:1968 Soraya:1979 Aïcha:1980 Rachida:1970 Farida:1968 Naïma:1970
Estelle:1973 Élise:1985 Éléonore:1990 Apolline:1995 Margaux:1993 Margot:1997 Noémie:1990 Solène:1988
Romane:1998 Eva:2000 Lola:2001 Jade:2002 Louise:2000 Zoé:2000 Ambre:2002 Elsa:1993
Coralie:1987 Ludivine:1982 Myriam:1970 Odile:1953 Ghislaine:1951 Régine:1950 Maryse:1951 Mireille:1947
Arlette:1940 Huguette:1937 Paulette:1936 Raymonde:1935 Suzanne:1936 Lucienne:1935 Marcelle:1934 Thérèse:1940
Joëlle:1955 Sonia:1973 Linda:1975 Alexandra:1979 Alexia:1995 Emmanuelle:1970 Frédérique:1967 Gwenaëlle:1977
Maëlys:2003 Anouk:1998 Salomé:2000 Aurore:1984 Clémence:1990 Capucine:2000 Blandine:1975 Bénédicte:1966
"""
_MALE = """
Jean:1943 Michel:1947 Pierre:1946 André:1939 Jacques:1944 Claude:1942 Bernard:1947 Gérard:1947
Alain:1951 Daniel:1948 Philippe:1959 Patrick:1956 Christian:1952 Gilles:1959 Didier:1958 Bruno:1963
Pascal:1962 Thierry:1963 Éric:1965 Marc:1959 Serge:1950 Yves:1947 Roger:1937 René:1936
Robert:1939 Marcel:1935 Henri:1938 Georges:1938 Raymond:1936 Maurice:1937 Guy:1943 Francis:1950
Jean-Pierre:1947 Jean-Claude:1947 Jean-Luc:1956 Jean-Marc:1960 Jean-Paul:1950 Jean-François:1953
Jean-Michel:1951 Jean-Marie:1946
Laurent:1967 Olivier:1969 Frédéric:1970 Stéphane:1971 Christophe:1969 David:1973 Sébastien:1977 Nicolas:1979
Julien:1983 Jérôme:1975 Cédric:1978 Ludovic:1975 Arnaud:1976 Fabrice:1967 Franck:1967 Hervé:1962
Vincent:1976 Xavier:1970 Emmanuel:1970 Guillaume:1980 Benoît:1975 Mathieu:1983 Matthieu:1983 Alexandre:1986
Romain:1986 Thomas:1989 Maxime:1990 Kévin:1991 Anthony:1987 Jonathan:1986 Jérémy:1987 Mickaël:1984
Florian:1990 Quentin:1992 Clément:1991 Antoine:1990 Alexis:1992 Valentin:1994 Lucas:1998 Théo:1998
Hugo:1998 Nathan:2000 Enzo:2000 Léo:1999 Louis:2000 Arthur:1998 Jules:2000 Paul:1994
Simon:1992 Adrien:1989 Benjamin:1985 Damien:1982 Fabien:1979 Grégory:1979 Yohan:1986 Yann:1979
Rémi:1987 Rémy:1986 Loïc:1985 Gaël:1984 Erwan:1985 Ronan:1985 Tanguy:1992 Gaëtan:1990
Dylan:1996 Jordan:1993 Corentin:1994 Baptiste:1993 Bastien:1991 Robin:1993 Victor:1995 Samuel:1990
Martin:1994 Raphaël:1999 Gabriel:2000 Ethan:2002 Noé:2001 Tom:2000 Mathis:2001 Axel:1998
Mohamed:1985 Mehdi:1988 Karim:1977 Rachid:1972 Ahmed:1976 Youssef:1990 Samir:1978 Nabil:1980
Bilal:1994 Amine:1992 Sofiane:1991 Omar:1985 Ali:1984 Ibrahim:1993 Moussa:1990 Hakim:1979
Denis:1962 Joël:1955 Dominique:1955 Régis:1961 Lionel:1970 Richard:1962 Sylvain:1974 Tristan:1993
Édouard:1980 Étienne:1978 François:1958 François-Xavier:1975 Grégoire:1983 Léon:1936 Lucien:1936 Fernand:1934
Noël:1945 Roland:1944 Rodolphe:1970 Stéphan:1968 Thibault:1990 Thibaut:1988 Ulysse:2000 Gauthier:1990
Cyril:1976 Cyrille:1972 Aurélien:1985 Ange:1960 Dorian:1994 Éloi:1998 Maël:2001 Malo:2002
"""
_NICKNAMES = """
Catherine:Cathy Françoise:Fanfan Christine:Chris Véronique:Véro Isabelle:Isa Stéphanie:Steph Nathalie:Nath
Élisabeth:Babeth Patricia:Patou Sandrine:Sandie Delphine:Delph Émilie:Milie Aurélie:Auré Élodie:Élo
Virginie:Gigi Jennifer:Jenny Jessica:Jess Mélanie:Mel Camille:Cam Mathilde:Math Justine:Juju Juliette:Juju
Charlotte:Charlie Alexandra:Alex Alexia:Alex Emmanuelle:Manue Frédérique:Fred Danielle:Dany Jacqueline:Jackie
Michèle:Mimi Valérie:Val Dominique:Domi Bernadette:Berna Marie-Christine:Marie-Chris Caroline:Caro Amandine:Mandy
Laetitia:Laeti Vanessa:Nessa Clémence:Clem Éléonore:Léo Margaux:Margo Gwenaëlle:Gwen Gaëlle:Gaga Angélique:Angie
Suzanne:Suzy Thérèse:Thérésa Brigitte:Brigie Florence:Flo Laurence:Lolo Sophie:Soph Béatrice:Béa Anaïs:Nana
Christian:Chris Christophe:Chris Philippe:Phil Frédéric:Fred Stéphane:Steph Sébastien:Seb Nicolas:Nico
Olivier:Olive Laurent:Lolo Guillaume:Guigui Mathieu:Math Matthieu:Matt Alexandre:Alex Alexis:Alex Thomas:Tom
Maxime:Max Anthony:Tony Jonathan:Jon Jérémy:Jérém Mickaël:Mick Florian:Flo Quentin:Quent Clément:Clem Antoine:Toine
Valentin:Val Théo:Teddy Benjamin:Ben Damien:Dam Fabien:Fab Grégory:Greg Grégoire:Greg Emmanuel:Manu Vincent:Vince
Michel:Mich Jacques:Jacky Bernard:Nanard Daniel:Dany Patrick:Pat Gérard:Gégé Robert:Bob Richard:Ricky
Édouard:Ed Étienne:Tiennot François:Franz Mohamed:Momo Jean-Claude:Jean-Clo Jean-François:Jeff Jean-Michel:Jean-Mi
Jean-Pierre:Jean-Pi Raphaël:Raph Gabriel:Gab Samuel:Sam Baptiste:Bapt Bastien:Bast Corentin:Coco Raymond:Ray
Ludovic:Ludo Arnaud:Nono Fabrice:Fab Emma:Em Véro:Véro Aurélien:Auré Cyril:Cy Thibault:Tibo Thibaut:Tibo
"""
_SURNAMES = """
Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel Lefebvre Leroy Roux David
Bertrand Morel Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Muller Lefèvre Faure André Mercier
Blanc Guérin Boyer Garnier Chevalier François Legrand Gauthier Garcia Perrin Robin Clément Morin Nicolas Henry
Roussel Mathieu Gautier Masson Marchand Duval Denis Dumont Marie Lemaire Noël Meyer Dufour Meunier Brun Blanchard
Giraud Joly Rivière Lucas Brunet Gaillard Barbier Arnaud Martinez Gérard Roche Renard Schmitt Roy Leroux Colin
Vidal Caron Picard Roger Fabre Aubert Lemoine Renaud Dumas Lacroix Olivier Philippe Bourgeois Pierre Benoît Rey
Leclerc Payet Rolland Leclercq Guillaume Lecomte Lopez Jean Dupuy Guillot Hubert Berger Carpentier Sanchez Dupuis
Moulin Louis Deschamps Huet Vasseur Perez Boucher Fleury Royer Klein Jacquet Adam Paris Poirier Marty Aubry Guyot
Carré Charles Renault Charpentier Ménard Maillard Baron Bertin Bailly Hervé Schneider Fernandez Le Gall Collet
Léger Bouvier Julien Prévost Millet Perrot Daniel Le Roux Cousin Germain Breton Besson Langlois Rémy Le Goff
Pelletier Lévêque Perrier Leblanc Barré Lebrun Marchal Weber Mallet Hamon Boulanger Jacob Monnier Michaud Rodriguez
Guichard Gillet Étienne Grondin Poulain Tessier Chevallier Collin Chauvin Da Silva Bouchet Gay Lemaître Benard
Maréchal Humbert Reynaud Antoine Hoarau Perret Barthélemy Cordier Pichon Lejeune Gilbert Lamy Delaunay Pasquier
Carlier Laporte Gros Buisson Briand Alexandre Georges Legros Besnard Bousquet Delmas Delattre Camus Hebert Chauvet
Rossi Albert Ferreira Dos Santos Evrard Lebon Ribeiro Vallée Couturier Leger Ollivier Dias Levy Navarro Diallo
Traoré Benali Bensaïd Haddad Cissé Keita N'Diaye Ouattara Konaté Nguyen Tran Pham Le Bihan Le Corre Le Berre
Kerbrat Quéré Guéguen Rault Tanguy Hélias Morvan Jaouen Casanova Santini Luciani Colonna Mattei Leca Pietri
Hoffmann Zimmermann Fischer Wagner Keller Becker Wolff Baumann Steiner Krieger De Oliveira De Sousa Pereira
Gonçalves Fernandes Gomes Lopes Rodrigues Almeida Costa Vandamme Dubreuil Delahaye Delacroix Duchêne Desprès
Ledoux Legendre Lenoir Letellier Lesage Lemarchand Bellanger Béraud Bonneau Bourdon Boutin Cadet Cartier Castel
Chartier Chatelain Coste Coulon Courtois Crépin Daumas Dauphin Dubourg Ducasse Dufresne Duhamel Dujardin Estève
Favre Féraud Gallet Gilles Gosselin Grégoire Guibert Imbert Jourdan Labbé Lagarde Lacombe Lafont Mahé Maurin
"""
_TWO_WORDS = {"Le": True, "Da": True, "Dos": True, "De": True}


def plain(word: str) -> str:
    """`word` without accents, as many systems store it: Hélène -> Helene."""
    decomposed = unicodedata.normalize("NFKD", word)
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


@dataclass(frozen=True)
class NameBook:
    """Parallel word lists. `first` holds the female names, then the male ones; `nickname` repeats the name without
    one.
    """

    first: Text
    first_plain: Text
    nickname: Text
    has_nickname: Flags
    is_female: Flags
    peak_year: Ints
    last: Text
    last_plain: Text


@functools.cache
def name_book() -> NameBook:
    """The names, parsed once."""
    entries = [(item, female) for block, female in ((_FEMALE, True), (_MALE, False)) for item in block.split()]
    first = [item.split(":")[0] for item, _ in entries]
    nicknames = dict(item.split(":") for item in _NICKNAMES.split())
    last: list[str] = []
    particle = ""
    for word in _SURNAMES.split():
        if word in _TWO_WORDS:
            particle = word + " "
        else:
            last.append(particle + word)
            particle = ""
    last = list(dict.fromkeys(last))
    return NameBook(
        first=pa.array(first),
        first_plain=pa.array([plain(name) for name in first]),
        nickname=pa.array([nicknames.get(name, name) for name in first]),
        has_nickname=np.array([name in nicknames for name in first]),
        is_female=np.array([female for _, female in entries]),
        peak_year=np.array([int(item.split(":")[1]) for item, _ in entries], dtype=np.int64),
        last=pa.array(last),
        last_plain=pa.array([plain(name) for name in last]),
    )


def choose_first_names(rng: np.random.Generator, is_female: Flags, birth_year: Ints) -> Ints:
    """One first-name index per person, in fashion around their birth year. Shape: one per person."""
    book = name_book()
    chosen = np.zeros(len(birth_year), dtype=np.int64)
    for female in (True, False):
        pool = np.flatnonzero(book.is_female == female)
        popularity = 1.0 / (8.0 + np.arange(len(pool)) % 24)
        # People of the same five years share one table of chances.
        for cohort in np.unique(birth_year // 5):
            members = np.flatnonzero((is_female == female) & (birth_year // 5 == cohort))
            if not len(members):
                continue
            distance = (book.peak_year[pool] - (cohort * 5 + 2)) / 9.0
            weight = popularity * (np.exp(-0.5 * distance**2) + 0.004)
            chosen[members] = rng.choice(pool, size=len(members), p=weight / weight.sum())
    return chosen


def choose_surnames(rng: np.random.Generator, people: int) -> Ints:
    """One surname index per person; the frequent ones (first in the list) about ten times as likely as the rare."""
    size = len(name_book().last)
    weight = 1.0 / (30.0 + np.arange(size))
    return rng.choice(size, size=people, p=weight / weight.sum())
