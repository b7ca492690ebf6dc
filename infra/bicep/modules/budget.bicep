metadata description = 'Monthly budget of the resource group, and who hears of it. It warns; it stops nothing.'

@description('Name of the budget.')
param name string = 'reelbrush'

@description('Amount of a month, in the currency of the subscription.')
@minValue(1)
param amount int

@description('Addresses that hear of it.')
@minLength(1)
@maxLength(50)
param contactEmails string[]

@description('First day of the month from which on it counts, such as 2026-11-01. Azure refuses any other day, and a change of it.')
@minLength(10)
param start string = utcNow('yyyy-MM-01')

var firstDay = endsWith(start, '-01')
  ? start
  : fail('budgetStart has to be the first day of a month, such as 2026-11-01.')

resource budget 'Microsoft.Consumption/budgets@2024-08-01' = {
  name: name
  properties: {
    category: 'Cost'
    amount: amount
    timeGrain: 'Monthly'
    timePeriod: {
      startDate: firstDay
    }
    notifications: {
      half: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 50
        thresholdType: 'Actual'
        contactEmails: contactEmails
      }
      most: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 80
        thresholdType: 'Actual'
        contactEmails: contactEmails
      }
      all: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 100
        thresholdType: 'Actual'
        contactEmails: contactEmails
      }
      soon: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: contactEmails
      }
    }
  }
}
