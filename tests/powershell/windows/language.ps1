# What a program says and how dates and numbers look depends on the machine's language. No script of ours may care.

$global:Words = @{
    'en-US' = @{
        done    = 'The command completed successfully.'
        policy  = 'Computer Policy update has completed successfully.'
        invalid = 'Invalid Parameters -- try "/?" for help'
        administrators = 'Administrators'
        network        = 'NETWORK'
        known          = 'Well-known group'
        enabled        = 'Mandatory group, Enabled by default, Enabled group'
        level          = 'Mandatory Label\Mandatory Level'
        label          = 'Label'
    }
    'sv-SE' = @{
        done    = 'Kommandot har utf{0}rts.' -f [char]0xF6
        policy  = 'Uppdateringen av datorprincipen har slutf{0}rts.' -f [char]0xF6
        invalid = 'Ogiltiga parametrar. Ange "/?" f{0}r att visa hj{1}lp' -f [char]0xF6, [char]0xE4
        administrators = 'Administrat{0}rer' -f [char]0xF6
        network        = 'N{0}TVERK' -f [char]0xC4
        known          = 'V{0}lk{0}nd grupp' -f [char]0xE4
        enabled        = 'Obligatorisk grupp, Aktiverad som standard, Aktiverad grupp'
        level          = 'Obligatorisk etikett\Obligatorisk niv{0}' -f [char]0xE5
        label          = 'Etikett'
    }
    'de-DE' = @{
        done    = 'Der Befehl wurde erfolgreich ausgef{0}hrt.' -f [char]0xFC
        policy  = 'Die Aktualisierung der Computerrichtlinie wurde erfolgreich abgeschlossen.'
        invalid = 'Ung{0}ltige Parameter. Versuchen Sie "/?", um die Hilfe anzuzeigen' -f [char]0xFC
        administrators = 'Administratoren'
        network        = 'NETZWERK'
        known          = 'Bekannte Gruppe'
        enabled        = 'Verbindliche Gruppe, Standardm{0}{1}ig aktiviert, Aktivierte Gruppe' -f [char]0xE4, [char]0xDF
        level          = 'Verbindliche Beschriftung\Verbindlichkeitsstufe'
        label          = 'Bezeichnung'
    }
    'fi-FI' = @{
        done    = 'Komennon suorittaminen onnistui.'
        policy  = 'Tietokonek{0}yt{0}nn{0}n p{0}ivitys onnistui.' -f [char]0xE4
        invalid = 'Virheelliset parametrit'
        administrators = 'J{0}rjestelm{0}nvalvojat' -f [char]0xE4
        network        = 'VERKKO'
        known          = 'Tunnettu ryhm{0}' -f [char]0xE4
        enabled        = 'Pakollinen ryhm{0}, Oletusarvoisesti k{0}yt{0}ss{0}' -f [char]0xE4
        level          = 'Pakollinen otsikko\Pakollinen taso'
        label          = 'Otsikko'
    }
}

function Get-Language {
    $language = Get-Place -Place 'language'
    if ($null -eq $language) { return 'en-US' }
    if (-not $global:Words.ContainsKey($language)) {
        throw "windows.ps1 does not play the language $language."
    }
    $language
}

function Get-Word {
    param([string]$Name)
    $global:Words[(Get-Language)][$Name]
}

function Enter-Language {
    # Made from the invariant culture, since an engine without ICU knows no other.
    $culture = [Globalization.CultureInfo]::InvariantCulture.Clone()
    switch (Get-Language) {
        'sv-SE' {
            $culture.DateTimeFormat.DateSeparator = '-'
            $culture.NumberFormat.NumberDecimalSeparator = ','
            $culture.NumberFormat.NegativeSign = [string][char]0x2212
        }
        'de-DE' {
            $culture.DateTimeFormat.DateSeparator = '.'
            $culture.NumberFormat.NumberDecimalSeparator = ','
        }
        'fi-FI' {
            $culture.DateTimeFormat.DateSeparator = '.'
            $culture.DateTimeFormat.TimeSeparator = '.'
            $culture.NumberFormat.NumberDecimalSeparator = ','
        }
    }
    [Threading.Thread]::CurrentThread.CurrentCulture = $culture
}
